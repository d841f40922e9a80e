import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "../free-port.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

const HOST = "127.0.0.1";
const SLOTS = 16_384;
/** A node serves nothing for two seconds after its start, and then not before it has heard of all the others. */
const READY_WITHIN_MS = 20_000;
const POLL_MS = 50;

export interface ClusterOptions {
  readonly nodes: number;
  /** Further lines as in redis.conf, for every node. */
  readonly config?: readonly string[];
}

export interface ClusterNode {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly pid: number;
}

/** Primaries of our own that share the slots evenly, in order. They end with the process that started them. */
export interface RunningCluster {
  readonly nodes: readonly ClusterNode[];
  /** Ends every node and removes what it wrote. Stopping twice is fine. */
  stop(): Promise<void>;
}

interface Member {
  readonly redis: RunningRedis;
  readonly busPort: number;
}

/** Starts a real cluster without replicas on 127.0.0.1 and resolves once every node knows all the others and serves. */
export async function startCluster({ nodes, config = [] }: ClusterOptions): Promise<RunningCluster> {
  const root = await mkdtemp(join(tmpdir(), "redigate-cluster-"));
  const starting = Array.from({ length: nodes }, (_, index) => startMember(join(root, `${index}`), config));
  const stop = async () => {
    const members = (await Promise.allSettled(starting)).flatMap((result) =>
      result.status === "fulfilled" ? [result.value] : [],
    );
    await Promise.all(members.map(({ redis }) => redis.stop()));
    await rm(root, { recursive: true, force: true });
  };
  try {
    const members = await Promise.all(starting);
    await unite(members);
    return { nodes: members.map(({ redis: { port, url, pid } }) => ({ host: HOST, port, url, pid })), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startMember(dir: string, config: readonly string[]): Promise<Member> {
  await mkdir(dir);
  for (let attempt = 1; ; attempt++) {
    // The usual one is the port plus 10000, which is beyond the last port for many that are free.
    const busPort = (await freePort(0)) as number;
    const cluster = ["cluster-enabled yes", `cluster-announce-ip ${HOST}`, `cluster-port ${busPort}`];
    try {
      return { redis: await startRedis({ dir, config: [...cluster, ...config] }), busPort };
    } catch (error) {
      // startRedis tries other ports, but not for the bus.
      if (attempt === 3 || !/in use/.test((error as Error).message)) throw error;
    }
  }
}

async function unite(members: readonly Member[]): Promise<void> {
  const clients = members.map(({ redis }) => new Redis(redis.url, { retryStrategy: () => null }));
  const firstSlot = (index: number) => Math.floor((index * SLOTS) / members.length);
  try {
    await Promise.all(
      clients.map(async (client, index) => {
        // Only a node that has met nobody may choose its epoch; two with the same would settle it later on.
        await client.cluster("SET-CONFIG-EPOCH", index + 1);
        await client.cluster("ADDSLOTSRANGE", firstSlot(index), firstSlot(index + 1) - 1);
      }),
    );
    // The first tells the others of each other. Were all introduced to all, their handshakes would collide for seconds.
    for (const { redis, busPort } of members.slice(1)) {
      await clients[0]?.cluster("MEET", HOST, redis.port, busPort);
    }
    await Promise.all(clients.map((client) => untilReady(client, members.length)));
  } finally {
    for (const client of clients) client.disconnect();
  }
}

async function untilReady(client: Redis, nodes: number): Promise<void> {
  const wanted = ["cluster_state:ok", `cluster_known_nodes:${nodes}`, `cluster_size:${nodes}`];
  for (const deadlineAt = Date.now() + READY_WITHIN_MS; ; ) {
    const lines = (await client.cluster("INFO")).split("\r\n");
    if (wanted.every((line) => lines.includes(line))) return;
    if (Date.now() > deadlineAt) {
      throw new Error(`The cluster is not ready after ${READY_WITHIN_MS / 1000} s: ${lines.join(" ")}`);
    }
    await sleep(POLL_MS);
  }
}
