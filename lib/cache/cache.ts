import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, Run } from "../redis/connection.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";
import { cacheKeys } from "../redis/keys.ts";
import { inOneWrite } from "../redis/one-write.ts";
import { type Entry, readEntry } from "./entry.ts";
import { holds, invalidateGroup, readClock, readGroups } from "./groups.ts";
import { formatLease } from "./lease.ts";
import { type Put, type PutOutcome, putAll } from "./put.ts";
import type { LookupReply, PeekReply } from "./scripts.ts";

/** What a lookup found, and who is to fill what it did not. */
export interface Lookup {
  readonly entry: Entry | undefined;
  /** The caller is the one who fills the entry: send this back with the put. */
  readonly lease?: string | undefined;
  /** Somebody else is filling the entry. */
  readonly filling: boolean;
}

export interface LookupOptions {
  /** Ask for the lease, for so long, if the entry is missing, stale or about to become stale. */
  readonly leaseMs?: number;
  /** Wait at most so long while somebody else fills a missing entry. */
  readonly waitMs?: number;
}

const FIRST_POLL_MS = 20;
const SLOWEST_POLL_MS = 200;

export type Cache = ReturnType<typeof createCache>;

/**
 * A cache for many tenants. Every operation is safe to repeat after a lost reply: a put, a lease and a token carry an
 * id by which their script knows them again. Rejects with `RedisUnavailable` or `OutOfMemory`.
 */
export function createCache(connection: Connection) {
  const idempotent = true;

  /** One more round trip, for an entry with groups. */
  async function isServable(run: Run, tenant: string, entry: Entry | undefined): Promise<boolean> {
    const groups = entry?.head.groups;
    return !groups || holds(groups, await readGroups(run, tenant, Object.keys(groups)));
  }

  /** One round trip, one more for an entry with groups. O(size). Undefined when missing or invalidated. */
  async function get(tenant: string, key: string): Promise<Entry | undefined> {
    const id = cacheKeys.entry(tenant, key);
    const run = connection.begin();
    const [fields, left] = await run(
      (redis) =>
        inOneWrite(redis, () => Promise.all([redis.hmgetBuffer(id, "head", "body"), redis.pttl(id)])),
      { idempotent },
    );
    const entry = readEntry(fields[0] ?? null, fields[1], left);
    return (await isServable(run, tenant, entry)) ? entry : undefined;
  }

  /** As `get`, without the body. */
  async function head(tenant: string, key: string): Promise<Entry | undefined> {
    const id = cacheKeys.entry(tenant, key);
    const run = connection.begin();
    const [found, , left] = await run((redis) => redis.cachePeekBuffer(id, -1), { idempotent });
    const entry = readEntry(found, undefined, left);
    return (await isServable(run, tenant, entry)) ? entry : undefined;
  }

  /**
   * As `get`, and gives the lease to exactly one of all callers that ask while the entry needs filling; an entry near
   * its end is given out with the lease at random (XFetch: Vattani, Chierichetti and Lowenstein, 2015). Round trips: one, one
   * more for an entry with groups, one more for the first lookup after its invalidation, and while it waits one a poll.
   */
  async function lookup(
    tenant: string,
    key: string,
    { leaseMs = 0, waitMs = 0 }: LookupOptions,
  ): Promise<Lookup> {
    const ask = createLookup(tenant, key, leaseMs);
    const giveUpAt = performance.now() + waitMs;
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 1.5, SLOWEST_POLL_MS)) {
      const run = connection.begin();
      let found = await ask(run);
      while (!(await isServable(run, tenant, found.entry))) found = await ask(run, found.entry?.head.version);
      const isAnswer = (found.entry && found.entry.state !== "expired") || found.lease || !found.filling;
      const waitLeftMs = giveUpAt - performance.now();
      if (isAnswer || waitLeftMs <= 0) return found;
      await sleep(Math.min(waitLeftMs, pollMs * (0.5 + Math.random())));
    }
  }

  function createLookup(tenant: string, key: string, leaseMs: number) {
    const nonce = randomUUID();
    const entryKey = cacheKeys.entry(tenant, key);
    const leaseKey = cacheKeys.lease(tenant, key);
    return async (run: Run, invalidated = ""): Promise<Lookup> => {
      const dice = -Math.log(1 - Math.random());
      const read: Call = (p) => p.cacheLookupBuffer(entryKey, leaseKey, nonce, leaseMs, dice, invalidated);
      const calls = leaseMs > 0 ? [read, readClock(tenant)] : [read];
      const [reply, clock] = await run((redis) => fanOut(redis, calls), { idempotent });
      const [head, body, left, granted, leaseLeftMs] = reply as LookupReply;
      const entry = readEntry(head, body, left);
      const groups = Object.keys(entry?.head.groups ?? {});
      return {
        entry,
        lease: granted
          ? formatLease({ nonce, durationMs: leaseMs, clock: Number(clock), groups })
          : undefined,
        filling: !granted && leaseLeftMs >= 0, // in the last millisecond of a lease 0 is left
      };
    };
  }

  /**
   * Entries in the order of `keys`; a body of more than `largestBytes` is left out. One round trip, on a cluster one
   * for each slot at the same time; one more if any has groups.
   */
  async function getAll(
    tenant: string,
    keys: readonly string[],
    largestBytes: number,
  ): Promise<(Entry | undefined)[]> {
    const calls = keys.map((key): Call => {
      const id = cacheKeys.entry(tenant, key);
      return (p) => p.cachePeekBuffer(id, largestBytes);
    });
    const run = connection.begin();
    const replies = await run((redis) => fanOut(redis, calls), { idempotent });
    const entries = (replies as PeekReply[]).map(([found, body, left]) => readEntry(found, body, left));
    const names = entries.flatMap((entry) => Object.keys(entry?.head.groups ?? {}));
    const present = await readGroups(run, tenant, names);
    return entries.map((entry) => (holds(entry?.head.groups, present) ? entry : undefined));
  }

  /** Stores one entry; see `putAll`. */
  async function put(tenant: string, entry: Put): Promise<PutOutcome> {
    const [outcome] = await putAll(connection, tenant, [entry]);
    if (!outcome) throw new Error("A put has one outcome");
    return outcome;
  }

  /** Removes an entry and ends its lease, so that a fill under way fails. One round trip, O(1). */
  async function remove(tenant: string, key: string): Promise<void> {
    await connection.run(
      (redis) => redis.unlink(cacheKeys.entry(tenant, key), cacheKeys.lease(tenant, key)),
      {
        idempotent,
      },
    );
  }

  return {
    get,
    head,
    lookup,
    getAll,
    put,
    putAll: (tenant: string, puts: readonly Put[]) => putAll(connection, tenant, puts),
    remove,
    invalidate: (tenant: string, group: string) => invalidateGroup(connection.begin(), tenant, group),
  };
}
