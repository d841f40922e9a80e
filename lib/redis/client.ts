import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, type Redis } from "ioredis";

const NO_ANSWER = "no answer before the deadline";

/** One server (itself, or found through sentinels), or a cluster: both take the same commands. */
export type Client = Redis | Cluster;

/** The servers that a client has a connection to, or may have one to. */
export function nodesOf(redis: Client): Redis[] {
  return redis instanceof Cluster ? redis.nodes() : [redis];
}

/** Calls `use` with every server of a client, those that a cluster is yet to have included. */
export function withEachNode(redis: Client, use: (node: Redis) => void): void {
  if (redis instanceof Cluster) redis.on("+node", use);
  else use(redis);
}

/** A polite close would wait for an answer from a peer that may be gone. */
export async function dropSockets(redis: Client): Promise<void> {
  const nodes = nodesOf(redis);
  const open = nodes.filter(({ status }) => status === "ready");
  const closed = open.map((node) => new Promise<void>((resolve) => node.once("close", () => resolve())));
  for (const { stream } of open) stream.destroy();
  // A cluster asks its address anew when it has no node left, those included that it was never connected to.
  if (redis instanceof Cluster) for (const node of nodes) if (node.status === "wait") node.disconnect();
  await Promise.all(closed);
}

/** Resolves when the client is connected. Rejects with the last reason why it is not. */
export function untilReady(redis: Client, timeLeftMs: number): Promise<void> {
  if (redis.status === "end" || redis.status === "wait") redis.connect().catch(() => {});
  return new Promise<void>((resolve, reject) => {
    let lastError: Error | undefined;
    const onError = (error: Error) => {
      lastError = error;
    };
    const settle = (outcome: () => void) => () => {
      clearTimeout(timer);
      redis.off("ready", onReady).off("error", onError).off("end", fail);
      outcome();
    };
    const onReady = settle(resolve);
    const fail = settle(() => reject(lastError ?? new Error(NO_ANSWER)));
    const timer = setTimeout(fail, timeLeftMs);
    redis.on("ready", onReady).on("error", onError).on("end", fail);
  });
}

/** Sends QUIT behind whatever is under way; a server that does not answer it in time is left alone. Never rejects. */
export async function quit(redis: Client, withinMs: number): Promise<void> {
  if (redis.status === "end" || redis.status === "wait") return;
  if (redis.status === "reconnecting") return redis.disconnect(); // that ends it without a word
  const ended = new Promise<boolean>((resolve) => redis.once("end", () => resolve(true)));
  if (redis.status === "ready") redis.quit().catch(() => {});
  else redis.disconnect();
  const hasEnded = await Promise.race([ended, sleep(withinMs, false, { ref: false })]);
  if (!hasEnded) redis.disconnect();
}

/** As `work`; rejects when it takes longer. */
export async function inTime<T>(work: Promise<T>, timeLeftMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(NO_ANSWER)), timeLeftMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
