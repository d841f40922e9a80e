import { afterAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { bareClient } from "../provided-redis.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"), { environment: { LOCKS_HEARTBEAT_SECONDS: "60" } });
const { acquire, take, queueUp, extend, release, get } = createCaller(sandbox.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
});

/** Takes from Redis what it knows of the grants of a lock, as it does itself with a policy that evicts any key. */
async function evictGrants(name: string): Promise<void> {
  expect(await raw.unlink(`${sandbox.tenant}:locks:{${name}}:grants-`)).toBe(1);
}

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
