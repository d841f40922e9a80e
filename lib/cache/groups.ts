import { randomBytes } from "node:crypto";
import type { Run } from "../redis/connection.ts";
import { type Call, fanOut, nullForWantOfMemory } from "../redis/fan-out.ts";
import { cacheKeys } from "../redis/keys.ts";
import type { Tokens } from "./entry.ts";
import { type Lease, MAX_LEASE_MS } from "./lease.ts";

/**
 * The token that each group (RFC 9875) has now; the empty text for none. An entry remembers the tokens of its groups at
 * its put, and is served only while all of them are still the same. So an invalidation is one small write whatever the
 * group's size, and an entry whose group's token was evicted is a miss, never a stale answer.
 */
export type PresentTokens = ReadonlyMap<string, string>;

/** Redis nodes count time a little differently; a token outlives the entries and leases that depend on it by this. */
const MARGIN_MS = 60_000;
const CLOCK_MS = 86_400_000;
const idempotent = true;

/**
 * Makes sure that each group has a token that outlives `keepMs`, and reads it; the empty text for one that a full Redis
 * has no room for. One round trip.
 */
export function pinGroups(
  run: Run,
  tenant: string,
  names: Iterable<string>,
  keepMs: number,
): Promise<PresentTokens> {
  return askEach(
    run,
    tenant,
    names,
    (key) => (p) => p.cachePin(key, nonce(), keepMs + MARGIN_MS),
    nullForWantOfMemory,
  );
}

/** The present tokens; the empty text for a group that has none. One round trip, none for no group. */
export function readGroups(run: Run, tenant: string, names: Iterable<string>): Promise<PresentTokens> {
  return askEach(run, tenant, names, (key) => (p) => p.get(key));
}

/** Whether none of an entry's groups was invalidated since it was put. */
export function holds(groups: Tokens = {}, present: PresentTokens): boolean {
  return Object.entries(groups).every(([name, token]) => present.get(name) === token);
}

/**
 * Ends every entry that was put in the group before. Two round trips, O(1): the tenant's clock orders the
 * invalidation after the leases given before it.
 */
export async function invalidateGroup(run: Run, tenant: string, name: string): Promise<void> {
  const clock = await run((redis) => redis.cacheTick(cacheKeys.clock(tenant), CLOCK_MS, 1), { idempotent });
  const key = cacheKeys.group(tenant, name);
  await run((redis) => redis.cacheInvalidate(key, clock, nonce(), MAX_LEASE_MS + MARGIN_MS), { idempotent });
}

/** Reads the tenant's invalidation clock, for a lease that is being given. */
export function readClock(tenant: string): Call {
  const key = cacheKeys.clock(tenant);
  return (p) => p.cacheTick(key, CLOCK_MS, 0);
}

/**
 * Whether what the holder of a lease has fetched may be older than an invalidation of a group, of the entry it
 * replaces or of its own: one that came after the lease was given, or whose trace Redis has evicted.
 */
export function lostByInvalidation(lease: Lease, names: readonly string[], present: PresentTokens): boolean {
  const isLater = (name: string) => Number.parseInt(present.get(name) ?? "", 10) > lease.clock;
  return [...lease.groups, ...names].some(isLater) || lease.groups.some((name) => !present.get(name));
}

/** Unique, and short because every entry of the group keeps it. */
function nonce(): string {
  return randomBytes(9).toString("base64url");
}

async function askEach(
  run: Run,
  tenant: string,
  names: Iterable<string>,
  ask: (key: string) => Call,
  onError?: (error: Error) => null,
): Promise<PresentTokens> {
  const asked = [...new Set(names)];
  if (asked.length === 0) return new Map();
  const calls = asked.map((name) => {
    const key = cacheKeys.group(tenant, name);
    return ask(key);
  });
  const replies = (await run((redis) => fanOut(redis, calls, onError), { idempotent })) as (string | null)[];
  return new Map(asked.map((name, index) => [name, replies[index] ?? ""]));
}
