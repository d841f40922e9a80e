import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { type LockName, readToken } from "../../lib/locks/fields.ts";
import { createLocks, type Locks } from "../../lib/locks/locks.ts";
import type { Acquired } from "../../lib/locks/outcomes.ts";
import type { Connection } from "../../lib/redis/connection.ts";
import { RedisUnavailable } from "../../lib/redis/errors.ts";
import { uniqueTenant } from "../api.ts";
import type { LockEvent, Promised } from "./locks-history.ts";

const SETTINGS = {
  maxTtlMs: 10_000,
  heartbeatMs: 60,
  maxQueue: 100,
  maxExtensions: 100,
  fencingMs: 60_000,
  idempotencyMs: 60_000,
};

/** What a caller does: asks for locks a few times, does something with what it got, and gives it up, or is never seen again. */
const step = fc.record({
  names: fc.constantFrom(["a"], ["a"], ["b"], ["a", "b"], ["b", "a"]),
  exclusive: fc.boolean(),
  ttlMs: fc.constantFrom(15, 40, 100, 1000),
  /** Between looks; longer than a heartbeat is too long. */
  pollMs: fc.constantFrom(1, 5, 20, 40, 80),
  looks: fc.integer({ min: 1, max: 12 }),
  waitMs: fc.constantFrom(0, 0, 0, 60),
  holdMs: fc.constantFrom(0, 2, 10, 30),
  extend: fc.boolean(),
  /** Held, waiting, or both: what is left is left as it is. */
  crash: fc.constantFrom(false, false, false, true),
  thinkMs: fc.constantFrom(0, 0, 3, 10),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

export const plan = fc.record({
  permits: fc.integer({ min: 1, max: 3 }),
  callers: fc.array(fc.array(step, { minLength: 1, maxLength: 4, size: "max" }), {
    minLength: 3,
    maxLength: 5,
    size: "max",
  }),
});
export type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

/** As the handler makes them, with times short enough to see them end. */
export function createHasty(connection: Connection): Locks {
  return createLocks(connection, SETTINGS);
}

export interface Run {
  readonly events: readonly LockEvent[];
  readonly promised: Promised;
}

/**
 * Lets all callers do what they plan at once, over these connections in turn. On a cluster the group decides which node has
 * the locks; by default each run has another.
 */
export async function runPlan(
  { permits, callers }: Plan,
  sandboxes: readonly Locks[],
  group = uniqueTenant(),
): Promise<Run> {
  const tenant = uniqueTenant();
  const nameOf = (rest: string): LockName => ({ group, rest });
  const events: LockEvent[] = [];

  async function caller(locks: Locks, steps: readonly Step[]): Promise<void> {
    for (const each of steps) {
      await sleep(each.thinkMs);
      const got = await obtain(locks, each);
      if (each.crash || !got) continue;
      await sleep(each.holdMs);
      const token = readToken(got.state === "held" ? got.ticket : got.state === "granted" ? got.token : "");
      for (const name of each.names) {
        const at = nameOf(name);
        if (each.extend && got.state === "granted") {
          const start = Date.now();
          const extended = await heard(locks.extend(tenant, at, token, each.ttlMs));
          if (!extended) break;
          const expiresAt = extended.state === "extended" ? extended.expiresAt : undefined;
          events.push({ do: "extend", claim: token.text, name, start, end: Date.now(), expiresAt });
        }
        const start = Date.now();
        const given = await heard(locks.release(tenant, at, token));
        const end = given === undefined ? Infinity : Date.now();
        events.push({ do: "release", claim: token.text, name, start, end, given });
      }
    }
  }

  async function obtain(
    locks: Locks,
    { pollMs, looks, waitMs, ttlMs, ...each }: Step,
  ): Promise<Acquired | undefined> {
    let ticket: string | undefined;
    for (let look = 0; look < looks; look++) {
      const start = Date.now();
      const wanted = {
        names: each.names.map(nameOf),
        exclusive: each.exclusive,
        permits: each.exclusive || ticket ? undefined : permits,
        ttlMs,
        waitMs,
        ticket: ticket === undefined ? undefined : readToken(ticket),
      };
      const found = await heard(locks.acquire(tenant, wanted));
      if (!found) return undefined;
      const end = Date.now();
      const { state } = found;
      if (state === "reused" || state === "mismatch" || state === "full") throw new Error(state);
      if (state === "held") ticket = found.ticket;
      const claim = state === "granted" ? found.token : (ticket ?? "");
      const grants = state === "granted" ? found.grants : [];
      const expiresAt = grants[0]?.expiresAt ?? 0;
      const tokens = Object.fromEntries(
        grants.map(({ fencingToken }, index) => [each.names[index], fencingToken]),
      );
      const waited = waitMs > 0;
      const shared = { names: each.names, exclusive: each.exclusive, waited, expiresAt, tokens };
      events.push({
        do: "acquire",
        claim,
        start,
        end,
        ...shared,
        outcome: state,
        grantedAt: expiresAt - ttlMs,
      });
      if (state === "granted" || look === looks - 1) return found;
      if (state === "lost") return undefined;
      await sleep(pollMs);
    }
  }

  await Promise.all(
    callers.map((steps, index) => caller(sandboxes[index % sandboxes.length] as Locks, steps)),
  );
  return { events, promised: { permits, heartbeatMs: SETTINGS.heartbeatMs } };
}

/** What Redis answered; undefined if it did not, and nobody knows what it has done. */
async function heard<T>(reply: Promise<T>): Promise<T | undefined> {
  return reply.catch((error: unknown) => {
    if (!(error instanceof RedisUnavailable)) throw error;
    return undefined;
  });
}
