import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "../free-port.ts";
import type { RunningServer } from "./launch.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { untilSo } from "./until-so.ts";

const HOST = "127.0.0.1";
const SLOTS = 16_384;

export interface ClusterOptions {
  /** How many primaries. */
  readonly nodes: number;
  /** How many of each primary. @default 0 */
  readonly replicas?: number;
  /** The same for all nodes. @default no password */
  readonly password?: string;
  /** Further lines as in redis.conf, for every node. */
  readonly config?: readonly string[];
}

export interface ClusterNode extends Omit<RunningServer, "stop"> {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** What it was at the start; a failover changes that. */
  readonly role: "primary" | "replica";
  /** The port of a replica's primary at the start. */
  readonly primaryPort?: number;
}

/**
 * Servers of our own: first the primaries, which share the slots evenly, in order, then the replicas of the first
 * primary, those of the second, and so on. They end with the process that started them.
 */
export interface RunningCluster {
  readonly nodes: readonly ClusterNode[];
  /** The primary that a replica had at the start. */
  primaryOf(replica: ClusterNode): ClusterNode;
  /** Ends every node and removes what it wrote. Stopping twice is fine. */
  stop(): Promise<void>;
}

interface Member {
  readonly redis: RunningRedis;
  readonly busPort: number;
  /** Its primary, if it is a replica. */
  readonly primary?: Member;
}

/** Starts a real cluster on 127.0.0.1; resolves once every node knows all the others and every replica has its copy. */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const { nodes: primaries, replicas = 0 } = options;
  const root = await mkdtemp(join(tmpdir(), "redigate-cluster-"));
  const starting = Array.from({ length: primaries * (1 + replicas) }, (_, index) =>
    startMember(join(root, `${index}`), options),
  );
  const stop = async () => {
    const members = (await Promise.allSettled(starting)).flatMap((result) =>
      result.status === "fulfilled" ? [result.value] : [],
    );
    await Promise.all(members.map(({ redis }) => redis.stop()));
    await rm(root, { recursive: true, force: true });
  };
  try {
    const started = await Promise.all(starting);
    const members = started.map((member, index): Member => {
      const primary = index < primaries ? undefined : started[Math.floor((index - primaries) / replicas)];
      return { ...member, ...(primary && { primary }) };
    });
    await unite(members);
    const nodes = members.map(toNode);
    const primaryOf = ({ primaryPort }: ClusterNode) =>
      nodes.find(({ port }) => port === primaryPort) as ClusterNode;
    return { nodes, primaryOf, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function toNode({ redis: { stop: _, ...redis }, primary }: Member): ClusterNode {
  const role = primary ? "replica" : "primary";
  return { ...redis, host: HOST, role, ...(primary && { primaryPort: primary.redis.port }) };
}

async function startMember(dir: string, { password, config = [] }: ClusterOptions): Promise<Member> {
  await mkdir(dir);
  const replication = [
    "repl-diskless-sync-delay 0",
    ...(password ? [`masterauth ${JSON.stringify(password)}`] : []),
  ];
  for (let attempt = 1; ; attempt++) {
    // The usual one is the port plus 10000, which is beyond the last port for many that are free.
    const busPort = (await freePort(0)) as number;
    const cluster = ["cluster-enabled yes", `cluster-announce-ip ${HOST}`, `cluster-port ${busPort}`];
    try {
      const redis = await startRedis({
        dir,
        config: [...cluster, ...replication, ...config],
        ...(password && { password }),
      });
      return { redis, busPort };
    } catch (error) {
      // startRedis tries other ports, but not for the bus.
      if (attempt === 3 || !/in use/.test((error as Error).message)) throw error;
    }
  }
}

async function unite(members: readonly Member[]): Promise<void> {
  const clients = members.map(({ redis }) => new Redis(redis.url, { retryStrategy: () => null }));
  const primaries = members.filter(({ primary }) => !primary);
  const firstSlot = (index: number) => Math.floor((index * SLOTS) / primaries.length);
  try {
    await Promise.all(
      clients.map(async (client, index) => {
        // Only a node that has met nobody may choose its epoch; two with the same would settle it later on.
        await client.cluster("SET-CONFIG-EPOCH", index + 1);
        if (index < primaries.length)
          await client.cluster("ADDSLOTSRANGE", firstSlot(index), firstSlot(index + 1) - 1);
      }),
    );
    // The first tells the others of each other. Were all introduced to all, their handshakes would collide for seconds.
    for (const { redis, busPort } of members.slice(1)) {
      await clients[0]?.cluster("MEET", HOST, redis.port, busPort);
    }
    const idOf = async (member: Member) =>
      String(
        await clients[members.findIndex(({ redis }) => redis.port === member.redis.port)]?.cluster("MYID"),
      );
    await Promise.all(
      members.map(async ({ primary }, index) => {
        const client = clients[index] as Redis;
        if (primary) await replicate(client, await idOf(primary));
        await untilReady(client, members.length, primaries.length);
      }),
    );
  } finally {
    for (const client of clients) client.disconnect();
  }
}

/** A node can follow another one only when it has heard of it. */
async function replicate(client: Redis, primaryId: string): Promise<void> {
  await untilSo("The cluster is", async () => {
    const answer = await client.cluster("REPLICATE", primaryId).catch((error: Error) => error.message);
    return answer === "OK" || String(answer);
  });
  await untilSo("The cluster is", async () => {
    const info = await client.info("replication");
    return info.includes("master_link_status:up") || info.replaceAll("\r\n", " ");
  });
}

async function untilReady(client: Redis, nodes: number, primaries: number): Promise<void> {
  const wanted = ["cluster_state:ok", `cluster_known_nodes:${nodes}`, `cluster_size:${primaries}`];
  await untilSo("The cluster is", async () => {
    const info = (await client.cluster("INFO")).split("\r\n");
    const known = String(await client.cluster("NODES"))
      .split("\n")
      .filter(Boolean);
    const replicas = known.filter((line) => / (?:myself,)?slave [0-9a-f]{40} /.test(line));
    const isReady = wanted.every((line) => info.includes(line)) && replicas.length === nodes - primaries;
    return isReady || info.join(" ");
  });
}
