import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { handler } from "../../functions/cache/handler.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi } from "../api.ts";
import { mintToken } from "../token.ts";

const api = createApi(handler, cacheContract);
const path = (key: string) => `/v1/cache/entries/${key}`;
const lookup = (key: string, query: Record<string, string> = { lease: "10" }) =>
  api("GET", path(key), { query });

async function takeLease(key: string, seconds = "10"): Promise<string> {
  const miss = await lookup(key, { lease: seconds });
  expect(miss.headers["cache-lease"]).toMatch(/^[\w-]+$/);
  return miss.headers["cache-lease"] ?? "";
}

const fill = (key: string, lease: string, headers: Record<string, string> = {}) =>
  api("PUT", path(key), { body: `filled ${key}`, headers: { "cache-lease": lease, ...headers } });

test("one caller of a missing key gets the lease, the others learn that it is being filled", async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => lookup("stampede")));
  const leases = answers.filter(({ headers }) => headers["cache-lease"]);
  expect(leases).toHaveLength(1);
  expect(leases[0]?.json.code).toBe("cache_miss");
  for (const other of answers.filter(({ headers }) => !headers["cache-lease"])) {
    expect(other.json.code).toBe("cache_filling");
    expect(other.headers["retry-after"]).toBe("1");
  }
});

test("a miss without `lease` gives no lease away", async () => {
  expect((await api("GET", path("plain"))).headers["cache-lease"]).toBeUndefined();
  expect((await lookup("plain", { wait: "1" })).json.code).toBe("cache_miss");
  await takeLease("plain");
});

test("the holder fills the entry, once", async () => {
  const lease = await takeLease("fill");
  expect((await fill("fill", lease)).status).toBe(201);
  expect((await lookup("fill")).text).toBe("filled fill");
  expect((await fill("fill", lease)).json.code).toBe("lease_lost");
});

test("those who wait get the value as soon as it is there", async () => {
  const lease = await takeLease("wait");
  const waiting = Array.from({ length: 20 }, () => lookup("wait", { lease: "10", wait: "5" }));
  await sleep(100);
  const filledAt = performance.now();
  await fill("wait", lease);
  for (const answer of await Promise.all(waiting))
    expect([answer.status, answer.text]).toEqual([200, "filled wait"]);
  expect(performance.now() - filledAt).toBeLessThan(1500);
});

test("waiting ends after the time that was asked for", async () => {
  await takeLease("patience");
  const startedAt = performance.now();
  const answer = await lookup("patience", { wait: "1" });
  expect(answer.json.code).toBe("cache_filling");
  expect(performance.now() - startedAt).toBeGreaterThan(950);
  expect(performance.now() - startedAt).toBeLessThan(2500);
});

test("when the holder dies, one of those who wait becomes the holder", async () => {
  await takeLease("orphan", "1");
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => lookup("orphan", { lease: "10", wait: "2" })),
  );
  expect(answers.filter(({ headers }) => headers["cache-lease"])).toHaveLength(1);
});

test("a lease that ran out fills nothing", async () => {
  const lease = await takeLease("late", "1");
  await sleep(1100);
  expect((await fill("late", lease)).json.code).toBe("lease_lost");
  expect((await api("GET", path("late"))).status).toBe(404);
});

test.each([
  ["a removal", () => api("DELETE", path("between"))],
  ["a plain put", () => api("PUT", path("between"), { body: "newer" })],
])("%s in between makes the late fill fail", async (_, interfere) => {
  await api("DELETE", path("between"));
  const lease = await takeLease("between");
  await interfere();
  const late = await fill("between", lease);
  expect([late.status, late.json.code]).toEqual([409, "lease_lost"]);
  expect((await api("GET", path("between"))).text).not.toContain("filled");
});

test("the lease of another key fills nothing", async () => {
  const lease = await takeLease("one");
  await takeLease("two");
  expect((await fill("two", lease)).json.code).toBe("lease_lost");
});

test("a stale entry goes to all, and the lease with it to one", async () => {
  await api("PUT", path("stale"), {
    body: "old",
    headers: { "cache-control": "max-age=0, stale-while-revalidate=60" },
  });
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => lookup("stale", { lease: "10", wait: "5" })),
  );
  for (const answer of answers) expect([answer.status, answer.text]).toEqual([200, "old"]);
  const leases = answers.flatMap(({ headers }) => headers["cache-lease"] ?? []);
  expect(leases).toHaveLength(1);
  expect((await fill("stale", leases[0] ?? "")).status).toBe(204);
  expect((await api("GET", path("stale"))).text).toBe("filled stale");
});

test("near its end an entry is given out, still fresh, together with the lease to one caller", async () => {
  const lease = await takeLease("early");
  await sleep(400); // what the fill takes is remembered
  await fill("early", lease, { "cache-control": "max-age=2" });
  const leases: string[] = [];
  for (let polls = 0; polls < 200 && leases.length === 0; polls++) {
    const answer = await lookup("early");
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-status"]).toMatch(/^redigate; hit; ttl=\d+$/);
    if (answer.headers["cache-lease"]) leases.push(answer.headers["cache-lease"]);
    await sleep(10);
  }
  expect(leases).toHaveLength(1);
  expect((await lookup("early")).headers["cache-lease"]).toBeUndefined();
});

test("an entry far from its end is never given out with a lease", async () => {
  await api("PUT", path("young"), { body: "x", headers: { "cache-control": "max-age=3600" } });
  for (let i = 0; i < 200; i++) expect((await lookup("young")).headers["cache-lease"]).toBeUndefined();
});

test("a known absence can be leased when it ends", async () => {
  await api("PUT", path("absent"), { query: { absent: "true" }, headers: { "cache-control": "max-age=1" } });
  expect((await lookup("absent")).json.code).toBe("known_absent");
  await sleep(1050);
  await takeLease("absent");
});

test("a token that may not put cannot take the lease", async () => {
  const token = await mintToken({ tenant: "readers", scope: "cache:read" });
  const plain = await api("GET", path("read-only"), { token });
  expect(plain.json.code).toBe("cache_miss");
  const answer = await api("GET", path("read-only"), { token, query: { lease: "10" } });
  expect([answer.status, answer.json.code]).toEqual([403, "scope_missing"]);
});
