import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { composeLocks } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"));
const { acquire, acquireAll, take, queueUp, extend, release } = createCaller(sandbox.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
});

/** How much longer each key of a lock is kept, by its part. */
async function keptOf(group: string, name = "*"): Promise<Record<string, number>> {
  const kept: Record<string, number> = {};
  for (const key of await keysOf(raw, `${sandbox.tenant}:locks:{${group}}:*-${name}`))
    kept[key.split(":")[3]?.split("-")[0] ?? ""] = await raw.pttl(key);
  return kept;
}

test("everything ends by itself, two minutes after it is of use to nobody", async () => {
  const { token } = await take("ends", { ttlSeconds: 30, permits: 2 });
  await take("ends", { ttlSeconds: 1, permits: 2 });
  const tickets = [await queueUp("ends"), await queueUp("ends")];
  await acquire("ends", {}, { "idempotency-key": "k" });
  await release("ends", tickets[0] ?? "");
  const { fence, outcome, call, wake, holders, grants, queue, beats, ...others } = await keptOf("ends");
  expect(others).toEqual({});
  for (const each of [holders, grants]) expect(each).toBeGreaterThan(140_000);
  for (const each of [queue, beats]) expect(each).toBeGreaterThan(115_000);
  for (const each of [outcome, call, wake, holders, grants, queue, beats]) {
    expect(each).toBeGreaterThan(0);
    expect(each).toBeLessThanOrEqual(600_000);
  }
  expect(fence).toBeGreaterThan(0);
  await extend("ends", token, 600);
  const extended = await keptOf("ends");
  for (const each of [extended.holders, extended.grants]) expect(each).toBeGreaterThan(700_000);
});

test("so does what waits at a lock that is free for another that is not", async () => {
  await take("beside/held");
  await acquireAll(["beside/held", "beside/free"], { permits: 2 });
  const kept = await keptOf("beside", "free");
  expect(Object.keys(kept).sort()).toEqual(["beats", "grants", "queue"]);
  for (const each of Object.values(kept)) {
    expect(each).toBeGreaterThan(115_000);
    expect(each).toBeLessThanOrEqual(125_000);
  }
});

test("who comes for a moment does not end what others have for long", async () => {
  await take("long", { permits: 2, ttlSeconds: 600 });
  await take("long", { permits: 2, ttlSeconds: 1 });
  await queueUp("long");
  const { holders, grants } = await keptOf("long");
  for (const each of [holders, grants]) expect(each).toBeGreaterThan(700_000);
});

test("those whose time is over leave nothing behind while others go on", async () => {
  await take("goes-on", { permits: 3 });
  for (let round = 0; round < 2; round++) {
    await take("goes-on", { permits: 3, ttlSeconds: 1 });
    await sleep(1050);
  }
  const { token } = await take("goes-on", { permits: 3 });
  await release("goes-on", token);
  await take("goes-on", { permits: 3 });
  const key = `${sandbox.tenant}:locks:{goes-on}:grants-`;
  expect(await raw.hlen(key), "two holders, and the permits").toBe(3);
});

test("what is left of a queue that ended by itself is forgotten with the next grant", async () => {
  await take("left");
  await queueUp("left", { permits: 7 });
  const of = (part: string) => `${sandbox.tenant}:locks:{left}:${part}-`;
  for (const part of ["holders", "queue", "beats"]) await raw.unlink(of(part));
  await take("left");
  expect(await raw.hlen(of("grants"))).toBe(1);
});

test("of all whose time is over at once, however many, nothing is left", async () => {
  const names = ["many/a", "many/b"];
  const { json } = await acquireAll(names, { mode: "shared" });
  const key = (part: string) => `${sandbox.tenant}:locks:{many}:${part}-a`;
  const [claim = ""] = await raw.zrange(key("holders"), "0", "-1");
  const dead = Array.from({ length: 10_000 }, (_, index) => `${claim}${index}`);
  await raw.zadd(key("holders"), ...dead.slice(0, 1000).flatMap((each) => [1, each]));
  await raw.hset(key("grants"), ...dead.slice(0, 1000).flatMap((each) => [each, "1 0 "]));
  await raw.zadd(key("beats"), ...dead.flatMap((each) => [1, each]));
  await raw.zadd(key("queue"), ...dead.flatMap((each, index) => [index + 1, each]));
  expect((await acquireAll(names, { mode: "shared" })).status).toBe(201);
  expect((await extend("many/a", json.token)).status).toBe(200);
  expect(await raw.zcard(key("holders"))).toBe(2);
  expect(await raw.hlen(key("grants")), "two holders, and the permits").toBe(3);
  expect(await raw.exists(key("queue"), key("beats"))).toBe(0);
});

test("locks that are free have nothing but their last fencing tokens, once what they remember is forgotten", async () => {
  const { json } = await acquireAll(["free/a", "free"]);
  const ticket = await queueUp("free");
  for (const name of ["free/a", "free"]) await release(name, json.token);
  await release("free", ticket);
  await sleep(2100);
  expect(Object.keys(await keptOf("free")).sort()).toEqual(["fence", "wake"]);
});
