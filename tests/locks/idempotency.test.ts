import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { outcomeOf, uniqueTenant } from "../api.ts";
import { composeLocks, until } from "../composition.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"));
const brief = composeLocks(inject("redisUrl"), {
  tenant: sandbox.tenant,
  environment: { LOCKS_IDEMPOTENCY_SECONDS: "1" },
});
const hasty = composeLocks(inject("redisUrl"), {
  tenant: sandbox.tenant,
  environment: { LOCKS_HEARTBEAT_SECONDS: "2" },
});
const { acquire, acquireAll, take, queueUp, extend, release, get } = createCaller(sandbox.api);
const briefly = createCaller(brief.api);
const hastily = createCaller(hasty.api);
afterAll(() => Promise.all([sandbox, brief, hasty].map(({ connection }) => connection.close())));

const key = (text: string) => ({ "idempotency-key": `"${text}"` });

test("the same call has the same grant", async () => {
  const first = await acquire("grant", { owner: "me" }, key("grant"));
  expect(first.status).toBe(201);
  const again = await Promise.all([1, 2, 3].map(() => acquire("grant", { owner: "me" }, key("grant"))));
  for (const answer of again) expect([answer.status, answer.json]).toEqual([201, first.json]);
  expect((await get("grant")).json).toMatchObject({ holding: 1, waiting: 0 });
});

test("calls of the same moment have one grant", async () => {
  const answers = await Promise.all([1, 2, 3, 4].map(() => acquire("moment", {}, key("moment"))));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
});

test("the same call has the same place in the queue, and then the grant", async () => {
  const { token } = await take("place");
  const first = await acquire("place", {}, key("place"));
  await acquire("place");
  const again = await acquire("place", {}, key("place"));
  expect(again.json).toMatchObject({ position: 1, ticket: first.json.ticket });
  await release("place", token);
  const granted = await acquire("place", {}, key("place"));
  expect([granted.status, granted.json.token]).toEqual([201, first.json.ticket]);
});

test("the same call may wait twice, and has one place and one grant", async () => {
  const { token } = await take("wait");
  const calls = [1, 2].map(() => acquire("wait", { waitSeconds: 20 }, key("wait")));
  await until(
    () => get("wait"),
    ({ json }) => json.waiting === 1,
  );
  await release("wait", token);
  const [one, other] = await Promise.all(calls);
  expect([one?.status, one?.json]).toEqual([201, other?.json]);
  expect((await get("wait")).json).toMatchObject({ holding: 1, waiting: 0 });
});

test("several locks are one call", async () => {
  const names = ["batch/a", "batch/b"];
  const first = await acquireAll(names, {}, key("batch"));
  expect((await acquireAll(names, {}, key("batch"))).json).toEqual(first.json);
  expect(outcomeOf(await acquireAll(["batch/a"], {}, key("batch")))).toBe("422 idempotency_key_reused");
});

test("another call with the key is refused, and changes nothing", async () => {
  await acquire("other", { owner: "me" }, key("other"));
  for (const body of [{ owner: "you" }, { owner: "me", mode: "shared" }, { owner: "me", ttlSeconds: 31 }])
    expect(outcomeOf(await acquire("other", body, key("other")))).toBe("422 idempotency_key_reused");
  expect((await get("other")).json).toMatchObject({ holding: 1, waiting: 0, holders: [{ owner: "me" }] });
});

test("what a call was granted is not granted again when it has ended", async () => {
  const { json } = await acquire("ended", {}, key("ended"));
  await release("ended", json.token);
  expect(outcomeOf(await acquire("ended", {}, key("ended")))).toBe("409 ticket_lost");
  expect((await get("ended")).json).toMatchObject({ holding: 0, waiting: 0 });
});

test("the same call gets another place, with another ticket, when nobody came back to the first in time", async () => {
  const { token } = await take("lapsed");
  const { ticket } = (await hastily.acquire("lapsed", {}, key("lapsed"))).json;
  await sleep(2050);
  await queueUp("lapsed");
  const again = await acquire("lapsed", {}, key("lapsed"));
  expect(again.json).toMatchObject({ code: "lock_held", position: 2 });
  expect(again.json.ticket).not.toBe(ticket);
  expect(outcomeOf(await acquire("lapsed", { ticket }))).toBe("409 ticket_lost");
  expect((await acquire("lapsed", {}, key("lapsed"))).json.ticket).toBe(again.json.ticket);
  await release("lapsed", token);
  expect((await get("lapsed")).json.waiting).toBe(2);
});

test("what its ticket was granted and gave up does not come back to the same call, which gets another grant", async () => {
  const { token } = await take("ticket");
  const { ticket } = (await acquire("ticket", {}, key("ticket"))).json;
  await release("ticket", token);
  await acquire("ticket", { ticket });
  await release("ticket", ticket);
  const { json } = await acquire("ticket", {}, key("ticket"));
  expect(json.token).toMatch(/^x/);
  expect(json.token).not.toBe(ticket);
  expect((await release("ticket", json.token)).status).toBe(204);
  expect((await get("ticket")).json.holding).toBe(0);
});

test("several locks are one call, whose places are lost together", async () => {
  const names = ["together/a", "together/b"];
  const { token } = await take("together/b");
  const first = await hastily.acquireAll(names, {}, key("together"));
  await sleep(2050);
  await release("together/b", token);
  const again = await acquireAll(names, {}, key("together"));
  expect(again.status).toBe(201);
  expect(again.json.token).not.toBe(first.json.ticket);
  await release("together/a", again.json.token);
  expect(outcomeOf(await acquireAll(names, {}, key("together")))).toBe("409 ticket_lost");
});

test("a key is known for as long as the ticket is that its call got", async () => {
  const { token } = await take("known");
  const { ticket } = (await briefly.acquire("known", {}, key("known"))).json;
  await sleep(1050);
  expect((await briefly.acquire("known", {}, key("known"))).json).toMatchObject({ ticket, position: 1 });
  await release("known", token);
});

test("a call that was refused may be made again", async () => {
  const { token } = await take("refused", { permits: 1 });
  expect(outcomeOf(await acquire("refused", { permits: 2 }, key("refused")))).toBe("409 permits_mismatch");
  await release("refused", token);
  expect((await acquire("refused", { permits: 2 }, key("refused"))).status).toBe(201);
});

test("a key is forgotten in time", async () => {
  const { json } = await briefly.acquire("brief", {}, key("brief"));
  await briefly.release("brief", json.token);
  expect(outcomeOf(await briefly.acquire("brief", {}, key("brief")))).toBe("409 ticket_lost");
  await sleep(1050);
  expect((await briefly.acquire("brief", {}, key("brief"))).json.fencingToken).toBe(json.fencingToken + 1);
});

test("a key that is used again, when it is forgotten, gives nothing back to who had it before", async () => {
  const before = (await briefly.acquire("again", { ttlSeconds: 1 }, key("again"))).json;
  await sleep(1050);
  const { json } = await briefly.acquire("again", { ttlSeconds: 1 }, key("again"));
  expect(json.fencingToken).toBe(before.fencingToken + 1);
  expect(outcomeOf(await extend("again", before.token, 1))).toBe("409 lock_lost");
  expect(outcomeOf(await release("again", before.token))).toBe("409 lock_lost");
  expect((await extend("again", json.token)).status).toBe(200);
});

test("a key that is used again has a lock that can be given up again", async () => {
  for (let round = 0; round < 2; round++) {
    const { json } = await briefly.acquire("twice", {}, key("twice"));
    expect((await briefly.release("twice", json.token)).status).toBe(204);
    expect((await get("twice")).json.holding).toBe(0);
    await sleep(1050);
  }
});

test("a key is its tenant's", async () => {
  const other = createCaller(sandbox.apiOf(uniqueTenant()));
  const [mine, others] = [
    await acquire("whose", {}, key("whose")),
    await other.acquire("whose", {}, key("whose")),
  ];
  expect(mine.json.token).not.toBe(others.json.token);
  await other.release("whose", others.json.token);
});
