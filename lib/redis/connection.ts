import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, type Redis } from "ioredis";
import { ConfigError } from "../config.ts";
import type { Acknowledgement } from "./acknowledgement.ts";
import type { Authentication } from "./authentication.ts";
import { createCircuit } from "./circuit.ts";
import { type Client, dropSockets, inTime, quit, untilReady } from "./client.ts";
import {
  classify,
  isDemoted,
  isOfSome,
  isRefusedLogin,
  OutOfMemory,
  RedisUnavailable,
  reasonOf,
  withoutCommand,
} from "./errors.ts";

/** A socket that was silent this long may have died while the sandbox was frozen; nobody has told us. */
const IDLE_MS = 60_000;
/** What is left of an invocation for the answer. */
const MARGIN_MS = 200;
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
  /** For callers who can do with old data: asks a replica, if there is one that answers. */
  readonly eventual: Connection;
  /**
   * Says how many milliseconds the invocation has left: no deadline is later than that, less what an answer takes. Every
   * invocation says it anew.
   */
  endsIn(remainingMs: number): void;
  /** How many milliseconds are left until the last of those deadlines; infinite where no invocation has said. */
  leftMs(): number;
  /** Starts the clock of a request: all that it runs shares one deadline. */
  begin(): Run;
  /** One operation with a deadline of its own. */
  readonly run: Run;
  /**
   * As `run`, for commands that wait inside Redis: over a second connection, which the first of them opens, so that nothing
   * else waits with them. They must not block for longer than `longestBlockMs`.
   */
  readonly block: Run;
  readonly longestBlockMs: number;
  /** A connection whose operations share one deadline, which begins now. */
  sharing(): Connection;
  /** One PING; rejects with `RedisUnavailable` by the deadline. */
  ping(): Promise<void>;
  /** The durations in milliseconds of the operations since the last call. */
  takeRoundTrips(): number[];
  /** Sends QUIT behind whatever is under way and waits, at most a deadline, for the socket to end. Never rejects. */
  close(): Promise<void>;
}

/** What a connection works with, once it is known where the server is. */
export interface Link {
  readonly redis: Client;
  /** For credentials that change. */
  readonly authentication?: Authentication | undefined;
  /** For writes that replicas must have. */
  readonly acknowledgement?: Acknowledgement | undefined;
}

export interface ConnectionOptions {
  readonly deadlineMs: number;
  /** For a person at a terminal: added to the error when no server answers. */
  readonly adviceWhenAway?: string;
}

/** `open` is called at once, and by the next request when it has failed. */
export function createConnection(
  open: () => Link | Promise<Link>,
  { deadlineMs, adviceWhenAway }: ConnectionOptions,
): Connection {
  let roundTrips: number[] = [];
  let lastUsedAt = Date.now();
  let invocationEndsAt = Number.POSITIVE_INFINITY;
  const circuit = createCircuit(() => pingUntil(performance.now() + deadlineMs), deadlineMs);
  let link: Link | undefined;
  let opening = start();

  function start(): Promise<Link> {
    const started = open();
    if (started instanceof Promise)
      started.then(use, () => {}); // whoever waits for it is told
    else use(started);
    return Promise.resolve(started);
  }

  function use(opened: Link): void {
    link = opened;
    opened.redis.on("ready", circuit.recovered);
  }

  async function opened(): Promise<Link> {
    const current = opening;
    try {
      return await current;
    } catch {
      if (opening === current) opening = start();
      return opening;
    }
  }

  function unavailable(cause: unknown): Error {
    if (cause instanceof RedisUnavailable || cause instanceof ConfigError) return cause;
    const reason = reasonOf(cause as Error).replace(/\.+$/, "");
    const message = [`Redis is unavailable: ${reason}.`, adviceWhenAway].filter(Boolean).join(" ");
    return new RedisUnavailable(message, { cause: withoutCommand(cause), answers: isOfSome(cause) });
  }

  const isIdle = () => Date.now() - lastUsedAt > IDLE_MS;

  /** A link that is connected, as far as anybody can know. */
  async function connected(timeLeftMs: () => number): Promise<Link> {
    try {
      const { redis, authentication } = link ?? (await inTime(opened(), timeLeftMs()));
      if (isIdle()) {
        lastUsedAt = Date.now();
        await dropSockets(redis);
      }
      if (authentication) await inTime(authentication.refresh(), timeLeftMs());
      if (redis.status !== "ready") await untilReady(redis, timeLeftMs());
      return link as Link;
    } catch (error) {
      throw unavailable(error);
    }
  }

  async function attempt<T>(
    { redis, acknowledgement }: Link,
    operation: (redis: Redis) => Promise<T>,
    timeLeftMs: number,
  ): Promise<T> {
    const work = () => operation(redis as Redis); // a cluster takes the same commands
    const startedAt = performance.now();
    try {
      return await inTime(acknowledgement ? acknowledgement.run(work) : work(), timeLeftMs);
    } finally {
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
    for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const isAtHand = link?.redis.status === "ready" && !link.authentication && !isIdle();
      const ready = isAtHand && link ? link : await connected(timeLeftMs);
      const startedAt = performance.now();
      try {
        return await attempt(ready, operation, timeLeftMs());
      } catch (error) {
        const failure = classify(error);
        if (failure === "fault") throw withoutCommand(error);
        if (failure === "out_of_memory") {
          throw new OutOfMemory("Redis is out of memory", { cause: withoutCommand(error) });
        }
        // Too few replicas had the write: the server said so, and would take as long to say it again.
        const isShort = error instanceof RedisUnavailable && error.answers;
        const nextTakesMs = isShort ? performance.now() - startedAt : PAUSE_MS;
        if (failure === "refused" || isShort) refusal = error;
        const mayRetry = failure === "refused" || (failure === "lost" && idempotent);
        if (!mayRetry || timeLeftMs() <= nextTakesMs) {
          // The last try may have had no time left: what the server said before tells more than that.
          throw unavailable(failure === "lost" ? (refusal ?? error) : error);
        }
        // Another node may be the primary by now. Where one has said so, that is known already.
        if (ready.redis instanceof Cluster && failure === "lost") ready.redis.refreshSlotsCache();
        if (pauseMs === PAUSE_MS) await mend(ready, error as Error, timeLeftMs());
        await sleep(Math.min(pauseMs, timeLeftMs()));
      }
    }
  }

  /** What a failure says must change before the next try. */
  async function mend({ redis, authentication }: Link, error: Error, timeLeftMs: number): Promise<void> {
    const isStranger = authentication && isRefusedLogin(error);
    if (isStranger) await inTime(authentication.renew(), timeLeftMs).catch(() => {}); // the next try tells why
    // A demoted primary keeps refusing on the old socket; its name leads to the new one by now.
    if (isStranger || isDemoted(error)) await dropSockets(redis);
  }

  const nextDeadline = () => Math.min(performance.now() + deadlineMs, invocationEndsAt);

  async function pingUntil(deadlineAt: number): Promise<void> {
    await runUntil(deadlineAt, (redis) => redis.ping(), { idempotent: true });
  }

  const connection: Connection = {
    deadlineMs,
    get eventual() {
      return connection;
    },
    endsIn(remainingMs) {
      invocationEndsAt = performance.now() + remainingMs - MARGIN_MS;
    },
    leftMs: () => invocationEndsAt - performance.now(),
    begin() {
      const deadlineAt = nextDeadline();
      return (operation, options) => circuit.through(() => runUntil(deadlineAt, operation, options));
    },
    run: (operation, options) => connection.begin()(operation, options),
    get block() {
      return connection.run;
    },
    // A socket that is silent for half a deadline is taken for dead.
    longestBlockMs: Math.floor(deadlineMs / 4),
    sharing() {
      const run = connection.begin();
      return { ...connection, begin: () => run, run };
    },
    ping: () => pingUntil(nextDeadline()),
    takeRoundTrips() {
      const taken = roundTrips;
      roundTrips = [];
      return taken;
    },
    async close() {
      circuit.stop();
      if (!link) await inTime(opening, deadlineMs).catch(() => {});
      if (link) await quit(link.redis, deadlineMs);
    },
  };
  return connection;
}
