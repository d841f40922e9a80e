import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, type Redis } from "ioredis";
import { classify, OutOfMemory, RedisUnavailable, withoutCommand } from "./errors.ts";

/** One server, or a cluster: both take the same commands. */
export type Client = Redis | Cluster;

/** A socket that was silent this long may have died while the sandbox was frozen; nobody has told us. */
const IDLE_MS = 60_000;
/** Between tries, doubling. */
const PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 200;

/**
 * Runs `operation` and gives its value. Waits for the connection if need be. A command that the server refused
 * without running it (LOADING, READONLY, ...) is tried again until the deadline; one whose reply was lost only if
 * `idempotent`. Rejects with `RedisUnavailable` or `OutOfMemory`; other errors pass through.
 */
export type Run = <T>(
  operation: (redis: Redis) => Promise<T>,
  options?: { readonly idempotent?: boolean },
) => Promise<T>;

/** How a function asks Redis: each request is answered, or has failed, by its deadline. */
export interface Connection {
  /** The longest that a request may keep Redis busy, in milliseconds. */
  readonly deadlineMs: number;
  /** Starts the clock of a request: all that it runs shares one deadline. */
  begin(): Run;
  /** One operation with a deadline of its own. */
  readonly run: Run;
  /** One PING; rejects with `RedisUnavailable` by the deadline. */
  ping(): Promise<void>;
  /** The durations in milliseconds of the operations since the last call. */
  takeRoundTrips(): number[];
  /** Sends QUIT behind whatever is under way and waits, at most a deadline, for the socket to end. Never rejects. */
  close(): Promise<void>;
}

export interface ConnectionOptions {
  readonly deadlineMs: number;
  /** For a person at a terminal: added to the error when no server answers. */
  readonly adviceWhenAway?: string;
}

export function createConnection(
  redis: Client,
  { deadlineMs, adviceWhenAway }: ConnectionOptions,
): Connection {
  let roundTrips: number[] = [];
  let lastUsedAt = Date.now();

  function unavailable(cause: unknown): RedisUnavailable {
    if (cause instanceof RedisUnavailable) return cause;
    const reason =
      cause instanceof Error ? cause.message.replace(/\.+$/, "") : "no answer before the deadline";
    const message = [`Redis is unavailable: ${reason}.`, adviceWhenAway].filter(Boolean).join(" ");
    return new RedisUnavailable(message, { cause: withoutCommand(cause) });
  }

  /** A polite close would wait for an answer from a peer that may be gone. */
  async function dropSockets(): Promise<void> {
    const nodes = redis instanceof Cluster ? redis.nodes() : [redis];
    const open = nodes.filter(({ status }) => status === "ready");
    const closed = open.map((node) => new Promise<void>((resolve) => node.once("close", () => resolve())));
    for (const { stream } of open) stream.destroy();
    await Promise.all(closed);
  }

  async function ready(timeLeftMs: number): Promise<void> {
    if (redis.status === "end" || redis.status === "wait") redis.connect().catch(() => {});
    await new Promise<void>((resolve, reject) => {
      let lastError: Error | undefined;
      const onError = (error: Error) => {
        lastError = error;
      };
      const settle = (outcome: () => void) => () => {
        clearTimeout(timer);
        redis.off("ready", onReady).off("error", onError).off("end", onEnd);
        outcome();
      };
      const onReady = settle(resolve);
      const onEnd = settle(() => reject(unavailable(lastError)));
      const timer = setTimeout(
        settle(() => reject(unavailable(lastError))),
        timeLeftMs,
      );
      redis.on("ready", onReady).on("error", onError).on("end", onEnd);
    });
  }

  async function attempt<T>(operation: (redis: Redis) => Promise<T>, timeLeftMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable(undefined)), timeLeftMs);
    });
    const startedAt = performance.now();
    try {
      return await Promise.race([operation(redis as Redis), timeout]); // a cluster takes the same commands
    } finally {
      clearTimeout(timer);
      lastUsedAt = Date.now();
      roundTrips.push(Math.round((performance.now() - startedAt) * 1000) / 1000);
    }
  }

  async function runUntil<T>(
    deadlineAt: number,
    operation: (redis: Redis) => Promise<T>,
    { idempotent = false } = {},
  ): Promise<T> {
    const timeLeftMs = () => Math.max(1, deadlineAt - performance.now());
    let refusal: unknown;
    for (let pauseMs = PAUSE_MS; ; ) {
      const isIdle = Date.now() - lastUsedAt > IDLE_MS;
      lastUsedAt = Date.now();
      if (isIdle) await dropSockets();
      if (redis.status !== "ready") await ready(timeLeftMs());
      try {
        return await attempt(operation, timeLeftMs());
      } catch (error) {
        const failure = classify(error);
        if (failure === "fault") throw withoutCommand(error);
        if (failure === "out_of_memory") {
          throw new OutOfMemory("Redis is out of memory", { cause: withoutCommand(error) });
        }
        if (failure === "refused") refusal = error;
        // Another node may be the primary by now.
        if (redis instanceof Cluster) redis.refreshSlotsCache();
        const mayRetry = failure === "refused" || idempotent;
        if (!mayRetry || timeLeftMs() <= PAUSE_MS) {
          // The last try may have had no time left: what the server said before tells more than that.
          throw unavailable(error instanceof RedisUnavailable ? (refusal ?? error) : error);
        }
        // A demoted primary keeps answering READONLY on the old socket; its name leads to the new one by now.
        if (pauseMs === PAUSE_MS && error instanceof Error && error.message.startsWith("READONLY"))
          await dropSockets();
        await sleep(Math.min(pauseMs, timeLeftMs()));
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  function begin(): Run {
    const deadlineAt = performance.now() + deadlineMs;
    return (operation, options) => runUntil(deadlineAt, operation, options);
  }

  return {
    deadlineMs,
    begin,
    run: (operation, options) => begin()(operation, options),
    async ping() {
      await begin()((client) => client.ping(), { idempotent: true });
    },
    takeRoundTrips() {
      const taken = roundTrips;
      roundTrips = [];
      return taken;
    },
    async close() {
      if (redis.status === "end" || redis.status === "wait") return;
      const ended = new Promise<boolean>((resolve) => redis.once("end", () => resolve(true)));
      if (redis.status === "ready") redis.quit().catch(() => {});
      else redis.disconnect();
      const inTime = await Promise.race([ended, sleep(deadlineMs, false, { ref: false })]);
      if (!inTime) redis.disconnect();
    },
  };
}
