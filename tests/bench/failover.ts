import { Cluster, Redis } from "ioredis";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { startSentinel } from "../../dev/redis/start-sentinel.ts";
import { parseConfig } from "../../lib/config.ts";
import { connect } from "../../lib/redis/connect.ts";
import { type Pair, quantile } from "./statistics.ts";

const ROUNDS = 3;
const CALLERS = 10;
/** How long before and after the failover, in milliseconds. */
const STEADY_MS = 500;
const PAUSE_MS = 2;

/** Milliseconds. */
export interface FailoverResult {
  /** From the death of the primary to the first write that was acknowledged after it. */
  readonly firstWrite: readonly Pair[];
  /** Of the requests that were under way or begun until then, whether they were served or not. */
  readonly p99: readonly Pair[];
}

type Write = (key: string) => Promise<unknown>;

/** Servers with a primary to kill, and two that write to it: ours, and ioredis with its defaults. */
interface Scene {
  readonly subject: Write;
  readonly baseline: Write;
  kill(): void;
  close(): Promise<void>;
}

const quiet = { info() {}, warn() {} };

function ours(environment: Record<string, string>) {
  const connection = connect(parseConfig(environment), { log: () => quiet });
  const write: Write = (key) => connection.run((redis) => redis.set(key, "x"), { idempotent: true });
  return { write, close: () => connection.close() };
}

const SCENES: Readonly<Record<"sentinel" | "cluster", () => Promise<Scene>>> = {
  async sentinel() {
    const { sentinels, name, primary, stop } = await startSentinel();
    const [first, ...others] = sentinels.map(({ host, port }) => `${host}:${port}`);
    const { write, close } = ours({
      REDIS_MODE: "sentinel",
      REDIS_URL: `redis://${first}`,
      REDIS_NODES: others.join(","),
    });
    const bare = new Redis({ sentinels: sentinels.map(({ host, port }) => ({ host, port })), name });
    bare.on("error", () => {});
    return {
      subject: write,
      baseline: (key) => bare.set(key, "x"),
      kill: () => primary.kill("SIGKILL"),
      async close() {
        await close();
        bare.disconnect();
        await stop();
      },
    };
  },
  async cluster() {
    const config = ["cluster-node-timeout 1000"];
    const { nodes, stop } = await startCluster({ nodes: 3, replicas: 1, config });
    const [primary] = nodes as [(typeof nodes)[0]];
    const { write, close } = ours({ REDIS_MODE: "cluster", REDIS_URL: primary.url });
    const bare = new Cluster(nodes.map(({ host, port }) => ({ host, port })));
    bare.on("error", () => {});
    // All in a slot of the node that dies.
    return {
      subject: (key) => write(`{bench}${key}`),
      baseline: (key) => bare.set(`{bench}${key}`, "x"),
      kill: () => primary.kill("SIGKILL"),
      async close() {
        await close();
        bare.disconnect();
        await stop();
      },
    };
  },
};

interface Request {
  readonly beganAt: number;
  readonly endedAt: number;
  readonly served: boolean;
}

/** Callers who write one after the other; one who was refused comes back a little later. */
function startCallers(write: Write) {
  const requests: Request[] = [];
  let running = true;
  async function caller(number: number): Promise<void> {
    for (let round = 0; running; round++) {
      const beganAt = performance.now();
      const served = await write(`${number}-${round}`).then(
        () => true,
        () => false,
      );
      requests.push({ beganAt, endedAt: performance.now(), served });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
  const callers = Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number)));
  return {
    requests,
    async stop() {
      running = false;
      await callers;
    },
  };
}

function judge(requests: readonly Request[], diedAt: number) {
  const served = requests.filter(
    ({ beganAt, endedAt, served }) => served && beganAt > diedAt - STEADY_MS && endedAt > diedAt,
  );
  // What the kernel still held when the server died was answered within a moment.
  const firstAt = Math.min(...served.map(({ endedAt }) => endedAt).filter((at) => at > diedAt + 20));
  const during = requests.filter(({ beganAt, endedAt }) => endedAt > diedAt && beganAt < firstAt);
  return {
    firstMs: firstAt - diedAt,
    p99: quantile(
      during.map(({ beganAt, endedAt }) => endedAt - beganAt),
      0.99,
    ),
  };
}

/** Kills the primary under both at the same time. */
export async function measureFailover(kind: keyof typeof SCENES): Promise<FailoverResult> {
  const firstWrite: Pair[] = [];
  const p99: Pair[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const scene = await SCENES[kind]();
    const both = [startCallers(scene.subject), startCallers(scene.baseline)] as const;
    await wait(STEADY_MS);
    const diedAt = performance.now();
    scene.kill();
    const isOver = ({ requests }: (typeof both)[0]) =>
      requests.some(({ beganAt, served }) => served && beganAt > diedAt);
    while (!both.every(isOver)) await wait(10);
    await wait(STEADY_MS);
    for (const { stop } of both) await stop();
    const [subject, baseline] = both.map(({ requests }) => judge(requests, diedAt)) as [
      ReturnType<typeof judge>,
      ReturnType<typeof judge>,
    ];
    firstWrite.push({ subject: subject.firstMs, baseline: baseline.firstMs });
    p99.push({ subject: subject.p99, baseline: baseline.p99 });
    await scene.close();
  }
  return { firstWrite, p99 };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
