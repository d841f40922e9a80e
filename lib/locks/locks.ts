import type { Config } from "../config.ts";
import { digestOf, newSecret } from "../opaque-token.ts";
import { inTime } from "../redis/client.ts";
import type { Connection } from "../redis/connection.ts";
import { OutOfMemory, RedisUnavailable } from "../redis/errors.ts";
import { lockKeys } from "../redis/keys.ts";
import { claimOf, type LockName, type LockToken, MAX_PERMITS, newToken } from "./fields.ts";
import { type Acquired, type Extended, type LockStatus, readAcquired, readStatus } from "./outcomes.ts";
import { createWakeUp, pause } from "./wake-up.ts";

const MOST_SHOWN = 100;
const SECRET_BYTES = 32;
const NONCE_BYTES = 16;

export interface Wanted {
  /** One lock, or several of one group: all of them or none. */
  readonly names: readonly LockName[];
  /** With nobody beside. A ticket says so itself. */
  readonly exclusive: boolean;
  /** How many may share it at once. */
  readonly permits?: number | undefined;
  readonly ttlMs: number;
  /** How long to wait in the call. */
  readonly waitMs?: number;
  /** Whoever has to wait is told this of who holds. */
  readonly owner?: string | undefined;
  /** Of these names, in any order. */
  readonly ticket?: LockToken | undefined;
  /** Not to take a place in the queue. */
  readonly once?: boolean;
  /** Known again by its key; the same key with another request is refused. */
  readonly call?: { readonly key: string; readonly request: unknown } | undefined;
}

export type Locks = ReturnType<typeof createLocks>;

/**
 * Locks of many tenants: first come, first served. A holder or a ticket is known by the digest of its token; its time is
 * Redis' own. Every operation takes one round trip and is safe to repeat after a lost reply. Rejects with
 * `RedisUnavailable` or `OutOfMemory`.
 */
export function createLocks(connection: Connection, settings: Config["locks"]) {
  const idempotent = true;
  const rememberMs = 2 * connection.deadlineMs;
  const wakeUp = createWakeUp(connection);
  // Who waits in a call must not lose its place by it.
  const longestMs = settings.heartbeatMs / 3;

  /**
   * Grants all locks at one moment or none; who must wait has a place in the queue of each from the same moment. What there
   * is room for, behind all that came before, is granted. While it waits in the call: one round trip when it is woken,
   * and one for each quarter of a deadline. O(log n), and O(n) in those that it is the first to find over their time beside others.
   * Once it has its place, it waits on whether Redis answers or not, and ends with what it was told last: the ticket gets what
   * was granted unheard. It ends a deadline before the invocation has to.
   */
  async function acquire(tenant: string, wanted: Wanted): Promise<Acquired> {
    const { names, permits, ttlMs, waitMs = 0, owner = "", ticket, once = false, call } = wanted;
    // Where it is of as many, the script must find it at each.
    if (ticket && ticket.locks !== names.length) return { state: "lost" };
    const secret = call?.key ?? newSecret(SECRET_BYTES);
    const tokenOf = (nonce: string): LockToken => ticket ?? tokenFrom(tenant, wanted, secret, nonce);
    const wakeKeys = names.map((name) => lockKeys.wake(tenant, name));
    const keys = [callKey(tenant, wanted), ...names.flatMap((name) => keysOf(tenant, name))];
    const request = call && !ticket ? digestOf(JSON.stringify(call.request)) : "";
    const ask = () => {
      // A call with a key has another each time, in case the place that it had is over.
      const nonce = call ? newSecret(NONCE_BYTES) : "";
      const token = tokenOf(nonce);
      const values = [
        claimOf(token),
        ticket ? "ticket" : "",
        request,
        token.exclusive ? 0 : (permits ?? (ticket ? 0 : MAX_PERMITS)),
        ttlMs,
        once ? 0 : settings.heartbeatMs,
        settings.maxQueue,
        settings.fencingMs,
        settings.idempotencyMs,
        owner,
        nonce,
      ];
      return connection.run((redis) => redis.lockAcquire(keys.length, ...keys, ...values), { idempotent });
    };
    let askedAt = performance.now();
    const giveUpAt = askedAt + Math.min(waitMs, connection.leftMs() - connection.deadlineMs);
    let reply = await ask();
    for (;;) {
      const leftMs = giveUpAt - performance.now();
      if (reply[0] !== "held" || leftMs <= 0) return readAcquired(names, tokenOf, reply, askedAt);
      const [, , , endsInMs, , , ...wakings] = reply;
      const woken = wakeUp(wakeKeys, wakings, Math.min(leftMs, endsInMs, longestMs));
      await inTime(woken, leftMs).catch(() => {}); // the time is over, whether its connection is silent or not
      askedAt = performance.now();
      const asked = await ask().catch(unlessAway);
      if (!asked) await pause(); // what the last reply says to wait for may have happened
      reply = asked ?? reply;
    }
  }

  /** Lets a holder keep a lock until `ttlMs` from now, and never for less than it has. O(log n). */
  async function extend(tenant: string, name: LockName, token: LockToken, ttlMs: number): Promise<Extended> {
    const outcome = lockKeys.outcome(tenant, name, newSecret(16));
    const [fence, holders, grants] = keysOf(tenant, name);
    const limits = [ttlMs, settings.maxExtensions, settings.fencingMs, rememberMs] as const;
    const reply = await connection.run(
      (redis) => redis.lockExtend(fence, holders, grants, outcome, claimOf(token), ...limits),
      { idempotent },
    );
    if (reply === "lost" || reply === "exhausted") return { state: reply };
    const [fencingToken, expiresAt] = reply.split(" ").map(Number) as [number, number];
    return { state: "extended", fencingToken, expiresAt };
  }

  /**
   * Gives up a lock, or with a ticket the place in its queue; false if there is nothing to give up. Who asks again within
   * two deadlines is told the same. O(log n).
   */
  async function release(tenant: string, name: LockName, token: LockToken): Promise<boolean> {
    const [, holders, grants, queue, beats, wake] = keysOf(tenant, name);
    const claim = claimOf(token);
    const outcome = lockKeys.outcome(tenant, name, `${claim}-${encodeURIComponent(name.rest)}`);
    const reply = await connection.run(
      (redis) => redis.lockRelease(holders, grants, queue, beats, wake, outcome, claim, rememberMs),
      { idempotent },
    );
    return reply === 1;
  }

  /** Who has a lock and how many wait; the first hundred holders. O(log n), and the holders that it shows. */
  async function look(tenant: string, name: LockName): Promise<LockStatus> {
    const [fence, holders, grants, , beats] = keysOf(tenant, name);
    const reply = await connection.run((redis) => redis.lockLook(fence, holders, grants, beats, MOST_SHOWN), {
      idempotent,
    });
    return readStatus(reply);
  }

  return { acquire, extend, release, look };
}

/** What may pass while somebody waits. */
function unlessAway(error: unknown): undefined {
  if (!(error instanceof RedisUnavailable || error instanceof OutOfMemory)) throw error;
}

type LockKeys = [fence: string, holders: string, grants: string, queue: string, beats: string, wake: string];

function keysOf(tenant: string, name: LockName): LockKeys {
  const { fence, holders, grants, queue, beats, wake } = lockKeys;
  return [fence, holders, grants, queue, beats, wake].map((part) => part(tenant, name)) as LockKeys;
}

/**
 * Of a call with a key `secret` is that key, and Redis keeps the nonce: the same call finds its own grant or place again, and one
 * that Redis has forgotten makes another token.
 */
function tokenFrom(tenant: string, { names, exclusive }: Wanted, secret: string, nonce: string): LockToken {
  return newToken(exclusive, names.length, digestOf(JSON.stringify(["lock", tenant, names, secret, nonce])));
}

function callKey(tenant: string, { names, call }: Wanted): string {
  const [name = { group: "", rest: "" }] = names;
  return lockKeys.call(tenant, name, call ? digestOf(`call ${call.key}`) : "");
}
