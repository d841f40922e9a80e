import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"), { environment: { LOCKS_HEARTBEAT_SECONDS: "60" } });
const hasty = composeLocks(inject("redisUrl"), {
  tenant: sandbox.tenant,
  environment: { LOCKS_HEARTBEAT_SECONDS: "2" },
});
const { acquire, acquireAll, take, queueUp, extend, release, get } = createCaller(sandbox.api);
const hastily = createCaller(hasty.api);
afterAll(() => Promise.all([sandbox.connection.close(), hasty.connection.close()]));

test("several locks are granted together, and given up one by one", async () => {
  const names = ["all/a", "all/b", "all"];
  const { status, json } = await acquireAll(names, { owner: "me" });
  expect(status).toBe(201);
  expect(json.locks.map(({ name }: { name: string }) => name)).toEqual(names);
  for (const name of names) expect((await acquire(name)).json.owner).toBe("me");
  const [first] = json.locks;
  expect((await extend("all/a", json.token, 60)).json.fencingToken).toBe(first.fencingToken);
  for (const name of names) expect((await release(name, json.token)).status).toBe(204);
  for (const name of names) expect((await get(name)).json.holding).toBe(0);
});

test("where one is held none is granted, and who holds it is told", async () => {
  const { token } = await take("some/b", { owner: "b's" });
  const refused = await acquireAll(["some/a", "some/b", "some/c"]);
  expect(outcomeOf(refused)).toBe("409 lock_held");
  expect(refused.json).toMatchObject({ name: "some/b", owner: "b's", position: 1 });
  for (const name of ["some/a", "some/c"])
    expect((await get(name)).json).toMatchObject({ holding: 0, waiting: 1 });
  await release("some/b", token);
  expect((await acquireAll(["some/a", "some/b", "some/c"], { ticket: refused.json.ticket })).status).toBe(
    201,
  );
});

test("two that want the same in other orders do not wait for each other", async () => {
  const { token } = await take("order/a");
  const one = (await acquireAll(["order/a", "order/b"])).json.ticket;
  const other = (await acquireAll(["order/b", "order/a"])).json.ticket;
  const single = await queueUp("order/b");
  await release("order/a", token);
  expect((await acquireAll(["order/b", "order/a"], { ticket: other })).json.position).toBe(2);
  expect((await acquireAll(["order/a", "order/b"], { ticket: one })).status).toBe(201);
  expect((await acquire("order/b", { ticket: single })).json.position).toBe(2);
  for (const name of ["order/a", "order/b"]) await release(name, one);
  expect((await acquireAll(["order/b", "order/a"], { ticket: other })).status).toBe(201);
});

test("a ticket for several that nobody comes back with blocks none of them", async () => {
  const { token } = await take("gone/a");
  const dead = (await hastily.acquireAll(["gone/a", "gone/b"])).json.ticket;
  const alive = await queueUp("gone/b");
  await release("gone/a", token);
  expect(outcomeOf(await acquire("gone/b", { ticket: alive })), "the other goes first").toBe("409 lock_held");
  await sleep(2050);
  expect((await acquire("gone/b", { ticket: alive })).status).toBe(201);
  expect(outcomeOf(await acquireAll(["gone/a", "gone/b"], { ticket: dead }))).toBe("409 ticket_lost");
});

test("with its token the same locks are answered the same, until one of them is given up", async () => {
  const names = ["same/a", "same/b"];
  const granted = await acquireAll(names);
  const { token } = granted.json;
  expect((await acquireAll(names, { ticket: token })).json).toEqual(granted.json);
  await release("same/a", token);
  expect(outcomeOf(await acquireAll(names, { ticket: token }))).toBe("409 ticket_lost");
  expect((await get("same/a")).json).toMatchObject({ holding: 0, waiting: 0 });
  expect(outcomeOf(await acquireAll([...names, "same/c"], { ticket: token }))).toBe("409 ticket_lost");
});

test("a ticket, or a token, is of the locks that it was taken for, in any order, and of no fewer", async () => {
  const names = ["exact/a", "exact/b"];
  const held = await take("exact/a");
  const { ticket } = (await acquireAll(names)).json;
  expect(outcomeOf(await acquire("exact/b", { ticket }))).toBe("409 ticket_lost");
  expect((await get("exact/b")).json).toMatchObject({ holding: 0, waiting: 1 });
  await release("exact/a", held.token);
  expect((await acquireAll(names.toReversed(), { ticket })).status).toBe(201);
  expect(outcomeOf(await acquire("exact/b", { ticket }))).toBe("409 ticket_lost");
  expect((await extend("exact/b", ticket)).status, "it holds each of them").toBe(200);
  const one = await acquireAll(["exact/c"]);
  expect((await acquire("exact/c", { ticket: one.json.token })).status).toBe(201);
});

test("readers share several", async () => {
  const names = ["read/a", "read/b"];
  for (let reader = 0; reader < 3; reader++)
    expect((await acquireAll(names, { mode: "shared" })).status).toBe(201);
  expect((await get("read/b")).json.holding).toBe(3);
  expect(outcomeOf(await acquireAll(names))).toBe("409 lock_held");
});

test("names of other groups, or one twice, are refused", async () => {
  for (const [names, place] of [
    [["g/a", "h/a"], "body.names.1"],
    [["g/a", "g", "g/a"], "body.names.2"],
  ] as const) {
    const refused = await acquireAll(names);
    expect(outcomeOf(refused)).toBe("400 invalid_request");
    expect(refused.json.errors).toMatchObject([{ path: place }]);
  }
});
