import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { findEngine } from "./find-engine.ts";
import { launch, onFreePort, type RunningServer } from "./launch.ts";
import { ping } from "./ping.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { untilSo } from "./until-so.ts";

const HOST = "127.0.0.1";
const NAME = "mymaster";
/** A vote that had no winner, or a replica that nobody had asked of late, costs twice as much until the next try. */
const FAILOVER_TIMEOUT_MS = 1000;

export interface SentinelOptions {
  /** @default 2 */
  readonly replicas?: number;
  /** Two of them must agree that the primary is away. @default 3 */
  readonly sentinels?: number;
  /** Of the primary and its replicas; the sentinels have none. @default no password */
  readonly password?: string;
  /** Silence of the primary after which a sentinel takes it for dead. @default 500 */
  readonly downAfterMs?: number;
  /** Further lines as in redis.conf, for the primary and its replicas. */
  readonly config?: readonly string[];
}

export interface Sentinel extends Omit<RunningServer, "stop"> {
  readonly host: string;
  readonly port: number;
}

/** Servers of our own, in the roles that they had at the start. They end with the process that started them. */
export interface RunningSentinel {
  readonly sentinels: readonly Sentinel[];
  /** What the sentinels call the primary. */
  readonly name: string;
  readonly primary: RunningRedis;
  readonly replicas: readonly RunningRedis[];
  /** Ends every server and removes what they wrote. Stopping twice is fine. */
  stop(): Promise<void>;
}

/** Starts a primary with replicas under sentinels; resolves once every sentinel knows all the others and every replica. */
export async function startSentinel(options: SentinelOptions = {}): Promise<RunningSentinel> {
  const root = await mkdtemp(join(tmpdir(), "redigate-sentinel-"));
  const started: RunningServer[] = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
    await rm(root, { recursive: true, force: true });
  };
  const starting = async <T extends RunningServer>(name: string, start: (dir: string) => Promise<T>) => {
    const dir = join(root, name);
    await mkdir(dir);
    const server = await start(dir);
    started.push(server);
    return server;
  };
  const all = async <T>(count: number, start: (index: number) => Promise<T>): Promise<T[]> => {
    const results = await Promise.allSettled(Array.from({ length: count }, (_, index) => start(index)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
    return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  };
  const { replicas: replicaCount = 2, sentinels: sentinelCount = 3 } = options;
  try {
    const primary = await starting("primary", (dir) => startData(dir, options));
    const replicas = await all(replicaCount, (index) =>
      starting(`replica-${index}`, (dir) => startData(dir, options, primary.port)),
    );
    await Promise.all(replicas.map(untilInSync));
    const sentinels = await all(sentinelCount, (index) =>
      starting(`sentinel-${index}`, (dir) => startSentinelServer(dir, primary.port, options)),
    );
    await Promise.all(sentinels.map(({ port }) => untilAware(port, sentinelCount, replicaCount)));
    return { sentinels: sentinels.map(({ stop: _, ...rest }) => rest), name: NAME, primary, replicas, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A primary, or the replica of one. Any may become the other. */
function startData(
  dir: string,
  { password, config = [] }: SentinelOptions,
  primaryPort?: number,
): Promise<RunningRedis> {
  const replication = [
    "repl-diskless-sync-delay 0",
    ...(password ? [`masterauth ${JSON.stringify(password)}`] : []),
    ...(primaryPort ? [`replicaof ${HOST} ${primaryPort}`] : []),
  ];
  return startRedis({ dir, config: [...replication, ...config], ...(password && { password }) });
}

async function startSentinelServer(
  dir: string,
  primaryPort: number,
  { password, downAfterMs = 500 }: SentinelOptions,
): Promise<RunningServer & Sentinel> {
  const engine = await findEngine();
  return onFreePort(async (port) => {
    // It writes down in this file what it learns.
    const file = join(dir, "sentinel.conf");
    const lines = [
      `bind ${HOST}`,
      `port ${port}`,
      `dir ${JSON.stringify(dir)}`,
      `sentinel monitor ${NAME} ${HOST} ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
      ...(password ? [`sentinel auth-pass ${NAME} ${JSON.stringify(password)}`] : []),
      "",
    ];
    await writeFile(file, lines.join("\n"), { mode: 0o600 });
    const server = await launch(engine, {
      port,
      words: [file, "--sentinel"],
      readyWords: "+monitor ",
      check: () => ping(`redis://${HOST}:${port}`),
    });
    return { ...server, host: HOST, port };
  });
}

async function untilInSync({ url }: RunningRedis): Promise<void> {
  await until(url, async (client) => {
    const info = await client.info("replication");
    return info.includes("master_link_status:up") || info.replaceAll("\r\n", " ");
  });
}

async function untilAware(port: number, sentinels: number, replicas: number): Promise<void> {
  await until(`redis://${HOST}:${port}`, async (client) => {
    const words = (await client.call("SENTINEL", "MASTER", NAME)) as string[];
    const count = (name: string) => Number(words[words.indexOf(name) + 1]);
    const knowsAll = count("num-slaves") === replicas && count("num-other-sentinels") === sentinels - 1;
    return knowsAll || words.join(" ");
  });
}

/** Asks a server until its answer is true. */
async function until(url: string, ask: (client: Redis) => Promise<true | string>): Promise<void> {
  const client = new Redis(url, { retryStrategy: () => null });
  try {
    await untilSo("The sentinels are", () => ask(client));
  } finally {
    client.disconnect();
  }
}
