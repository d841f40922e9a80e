import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { bareClient } from "../provided-redis.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"), { environment: { LOCKS_HEARTBEAT_SECONDS: "60" } });
const hasty = composeLocks(inject("redisUrl"), {
  tenant: sandbox.tenant,
  environment: { LOCKS_HEARTBEAT_SECONDS: "2" },
});
const { acquire, take, queueUp, extend, release, get } = createCaller(sandbox.api);
const hastily = createCaller(hasty.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await Promise.all([sandbox.connection.close(), hasty.connection.close()]);
});

/** Takes from Redis what it knows of a lock, as it does itself with a policy that evicts any key. */
async function evict(name: string, part: string): Promise<void> {
  expect(await raw.unlink(`${sandbox.tenant}:locks:{${name}}:${part}-`)).toBe(1);
}
const evictGrants = (name: string) => evict(name, "grants");

test("a holder whose grant was evicted has lost the lock, which nobody else has until it ends or is given up", async () => {
  const key = { "idempotency-key": '"key"' };
  const { token } = (await acquire("lost", { owner: "me" }, key)).json;
  await evictGrants("lost");
  expect(outcomeOf(await extend("lost", token))).toBe("409 lock_lost");
  expect(outcomeOf(await acquire("lost", { ticket: token }))).toBe("409 ticket_lost");
  expect(outcomeOf(await acquire("lost", { owner: "me" }, key))).toBe("409 ticket_lost");
  const refused = await acquire("lost");
  expect(outcomeOf(refused)).toBe("409 lock_held");
  expect(refused.json.owner).toBeUndefined();
  expect((await release("lost", token)).status).toBe(204);
  expect((await acquire("lost", { ticket: refused.json.ticket })).status).toBe(201);
});

test("a holder whose grant was evicted is shown without what is not known of it", async () => {
  const { expiresAt } = await take("shown", { owner: "me", permits: 2 });
  await evictGrants("shown");
  const { json } = await get("shown");
  expect(json).toMatchObject({ holding: 1, holders: [{ mode: "shared", expiresAt }] });
  expect(Object.keys(json.holders[0]).sort()).toEqual(["expiresAt", "mode"]);
  expect(json.permits).toBeUndefined();
});

test("those that wait come to their turn, though nobody knows any more how many may share", async () => {
  const { token } = await take("turn");
  const tickets = [await queueUp("turn", { permits: 2 }), await queueUp("turn", { permits: 2 })];
  await evictGrants("turn");
  await release("turn", token);
  for (const ticket of tickets) {
    expect((await acquire("turn", { ticket })).status).toBe(201);
    await release("turn", ticket);
  }
});

test.each(["fence", "holders", "grants", "queue", "beats", "wake"])(
  "those who do not come back keep nobody from a lock whose %s was evicted",
  async (part) => {
    const { token } = await take(part);
    for (let dead = 0; dead < 2; dead++) await hastily.queueUp(part);
    await release(part, await queueUp(part)); // which wakes them
    await evict(part, part);
    const alive = await queueUp(part);
    await release(part, token);
    await acquire(part, { ticket: alive });
    await sleep(2050);
    expect((await acquire(part, { ticket: alive })).status).toBe(201);
    expect((await get(part)).json).toMatchObject({ holding: 1, waiting: 0 });
  },
);

test.each(["queue", "beats"])("who waited when the %s was evicted has to begin anew", async (part) => {
  const name = `anew-${part}`;
  const { token } = await take(name);
  const tickets = [await queueUp(name), await queueUp(name)];
  await evict(name, part);
  for (const ticket of tickets) expect(outcomeOf(await acquire(name, { ticket }))).toBe("409 ticket_lost");
  const anew = await acquire(name);
  expect(anew.json).toMatchObject({ code: "lock_held", position: 1 });
  await release(name, token);
  expect((await acquire(name, { ticket: anew.json.ticket })).status).toBe(201);
});
