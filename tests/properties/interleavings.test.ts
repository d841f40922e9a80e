import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { parseLease } from "../../lib/cache/lease.ts";
import { uniqueTenant } from "../api.ts";
import { type Composition, composeCache } from "../composition.ts";
import { checkHistory, type Event, type Grant } from "./history.ts";

const CLIENTS = 4;
const LIFE = { freshMs: 600_000, staleMs: 0, errorMs: 0 };

let sandboxes: Composition[];
beforeAll(async () => {
  sandboxes = Array.from({ length: CLIENTS }, () => composeCache(inject("redisUrl")));
  await Promise.all(sandboxes.map(({ connection }) => connection.ping()));
});
afterAll(async () => {
  for (const { connection } of sandboxes ?? []) await connection.close();
});

const step = fc.record({
  do: fc.constantFrom("put", "get", "get", "lease", "fill", "fill", "remove", "invalidate"),
  key: fc.constantFrom("a", "a", "b"),
  groups: fc.subarray(["g", "h"]),
  /** How long the client thinks first: not at all, until the next turn of the event loop, or so many milliseconds. */
  pause: fc.constantFrom(-1, -1, 0, 0, 1, 2),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const plan = fc.array(fc.array(step, { minLength: 1, maxLength: 8, size: "max" }), {
  minLength: CLIENTS,
  maxLength: CLIENTS,
});

interface Lease {
  readonly token: string;
  readonly grant: Grant;
}

let bodies = 0;

/** Lets all clients run through their steps at once, each over its own connection; gives all that happened. */
async function run(clients: readonly (readonly Step[])[]): Promise<Event[]> {
  const tenant = uniqueTenant();
  const events: Event[] = [];
  const leases = new Map<string, Lease>();
  let moment = 0;

  async function client(cache: Composition["served"], steps: readonly Step[]): Promise<void> {
    for (const { do: what, key, groups, pause } of steps) {
      if (pause === 0) await setImmediate();
      else if (pause > 0) await sleep(pause);
      const start = moment++;
      if (what === "get") {
        const found = await cache.get(tenant, key);
        events.push({ do: "get", key, body: found?.body?.toString(), start, end: moment++ });
      } else if (what === "lease") {
        const { entry, lease } = await cache.lookup(tenant, key, { leaseMs: 60_000 });
        const end = moment++;
        events.push({ do: "get", key, body: entry?.body?.toString(), start, end });
        if (lease) {
          const grant: Grant = { do: "grant", key, start, end };
          events.push(grant);
          leases.set(key, { token: lease, grant });
        }
      } else if (what === "remove") {
        await cache.remove(tenant, key);
        events.push({ do: "remove", key, start, end: moment++ });
      } else if (what === "invalidate") {
        const group = groups[0] ?? "g";
        await cache.invalidate(tenant, group);
        events.push({ do: "invalidate", group, start, end: moment++ });
      } else {
        const held = what === "fill" ? leases.get(key) : undefined;
        if (what === "fill" && !held) continue;
        const body = `body-${bodies++}`;
        const lease = held && parseLease(held.token);
        const put = { key, body: Buffer.from(body), contentType: "text/plain", life: LIFE, groups, lease };
        const { status } = await cache.put(tenant, put);
        const stored = status === "created" || status === "replaced";
        const grant = held && { lease: held.grant };
        events.push({ do: held ? "fill" : "put", key, body, groups, stored, ...grant, start, end: moment++ });
      }
    }
  }

  await Promise.all(clients.map((steps, index) => client((sandboxes[index] as Composition).served, steps)));
  return events;
}

test("clients that work on the same keys at once never see what the cache promises they will not", async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (clients) => {
      checkHistory(await run(clients));
    }),
    { numRuns: 400 },
  );
});

test("the histories that are tried have late fills, lost and won, hits, misses and invalidations in them", async () => {
  const counts: Record<string, number> = {};
  for (const clients of fc.sample(plan, { numRuns: 100, seed: 1 })) {
    for (const event of await run(clients)) {
      const outcome = event.do === "get" ? event.body !== undefined : event.do === "fill" ? event.stored : "";
      const name = `${event.do} ${outcome}`.trim();
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  for (const name of [
    "put",
    "get true",
    "get false",
    "grant",
    "fill true",
    "fill false",
    "remove",
    "invalidate",
  ]) {
    expect(counts[name] ?? 0, name).toBeGreaterThan(10);
  }
});
