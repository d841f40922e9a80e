import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { createCaller } from "./caller.ts";

const environment = { LOCKS_MAX_EXTENSIONS: "3", LOCKS_HEARTBEAT_SECONDS: "60" };
const sandbox = composeLocks(inject("redisUrl"), { environment });
const hasty = composeLocks(inject("redisUrl"), {
  tenant: sandbox.tenant,
  environment: { LOCKS_HEARTBEAT_SECONDS: "3" },
});
const { acquire, take, queueUp, extend, release, get } = createCaller(sandbox.api);
const hastily = createCaller(hasty.api);
afterAll(() => Promise.all([sandbox.connection.close(), hasty.connection.close()]));

/** Fencing token of whoever gets the lock next. */
async function nextToken(name: string): Promise<number> {
  const { token, fencingToken } = await take(name);
  await release(name, token);
  return fencingToken;
}

describe("one holder", () => {
  test("has the lock, and the others are told who, where they stand and when to come back", async () => {
    const before = Date.now();
    const { token, fencingToken, expiresAt } = await take("one", { owner: "worker 1" });
    expect(token).toMatch(/^x[\w-]{43}$/);
    expect(fencingToken).toBeGreaterThan(before * 1000 - 60_000_000);
    expect(Math.abs(Date.parse(expiresAt) - before - 30_000)).toBeLessThan(5000);
    for (const position of [1, 2]) {
      const other = await acquire("one");
      expect(outcomeOf(other)).toBe("409 lock_held");
      expect(other.json).toMatchObject({ owner: "worker 1", name: "one", position });
      expect(other.headers["retry-after"]).toMatch(/^(29|30)$/);
    }
    expect((await hastily.acquire("one")).headers["retry-after"], "before the ticket ends").toBe("1");
  });

  test("gives it up, and the next one has a token larger by one", async () => {
    const first = await take("two");
    expect((await release("two", first.token)).status).toBe(204);
    const second = await take("two");
    expect(second.fencingToken).toBe(first.fencingToken + 1);
  });

  test("that is over its time is forgotten, and has nothing left to extend or give up", async () => {
    const first = await take("over", { ttlSeconds: 1 });
    await sleep(1050);
    const second = await take("over");
    expect(second.fencingToken).toBe(first.fencingToken + 1);
    expect(outcomeOf(await extend("over", first.token))).toBe("409 lock_lost");
    expect(outcomeOf(await release("over", first.token))).toBe("409 lock_lost");
    expect((await get("over")).json.holders).toMatchObject([{ fencingToken: second.fencingToken }]);
  });

  test("that is over its time is over, though nobody else came", async () => {
    const { token } = await take("alone", { ttlSeconds: 1 });
    await sleep(1050);
    expect(outcomeOf(await extend("alone", token))).toBe("409 lock_lost");
    expect((await get("alone")).json).toMatchObject({ holding: 0, holders: [] });
    expect(outcomeOf(await acquire("alone", { ticket: token }))).toBe("409 ticket_lost");
  });

  test("extends, never to less than it has, as often as it may", async () => {
    const { token, fencingToken, expiresAt } = await take("long");
    const longer = await extend("long", token, 60);
    expect(longer.json.fencingToken).toBe(fencingToken);
    expect(Date.parse(longer.json.expiresAt) - Date.parse(expiresAt)).toBeGreaterThan(25_000);
    expect((await extend("long", token, 1)).json.expiresAt).toBe(longer.json.expiresAt);
    expect((await extend("long", token, 1)).status).toBe(200);
    expect(outcomeOf(await extend("long", token, 90))).toBe("409 extensions_exhausted");
    expect((await get("long")).json.holders).toMatchObject([{ expiresAt: longer.json.expiresAt }]);
  });

  test("keeps an owner of any letters through an extension", async () => {
    const owner = ' a  b %s \\ "c" 3 4 ü€\n';
    const { token } = await take("letters", { owner });
    await extend("letters", token);
    expect((await acquire("letters")).json.owner).toBe(owner);
    expect((await get("letters")).json.holders[0].owner).toBe(owner);
  });

  test("that gives it up twice is told the same, and takes it from nobody", async () => {
    const { token } = await take("twice");
    await release("twice", token);
    const { token: next } = await take("twice");
    expect((await release("twice", token)).status).toBe(204);
    expect(outcomeOf(await extend("twice", token))).toBe("409 lock_lost");
    expect((await extend("twice", next)).status).toBe(200);
  });

  test("that asks again with its token has the same grant", async () => {
    const granted = await take("again", { owner: "me" });
    const again = await acquire("again", { ticket: granted.token, owner: "me", ttlSeconds: 90 });
    expect([again.status, again.json]).toEqual([201, granted]);
  });
});

describe("who waits", () => {
  test("comes in the order in which they asked first, and keeps the place by coming back", async () => {
    const { token } = await take("queue");
    const tickets = [await queueUp("queue"), await queueUp("queue"), await queueUp("queue")];
    expect((await acquire("queue", { ticket: tickets[1] })).json).toMatchObject({
      position: 2,
      ticket: tickets[1],
    });
    await release("queue", token);
    expect(outcomeOf(await acquire("queue", { ticket: tickets[2] }))).toBe("409 lock_held");
    expect(outcomeOf(await acquire("queue"))).toBe("409 lock_held");
    for (const ticket of tickets) {
      const granted = await acquire("queue", { ticket });
      expect([granted.status, granted.json.token]).toEqual([201, ticket]);
      await release("queue", ticket);
    }
  });

  test("and does not come back in time loses the place, and those behind move up", async () => {
    const { token } = await take("dead");
    const dead = await hastily.queueUp("dead");
    const lively = await hastily.queueUp("dead");
    await release("dead", token);
    await sleep(1500);
    expect((await hastily.acquire("dead", { ticket: lively })).json.position).toBe(2);
    await sleep(1550);
    expect((await hastily.acquire("dead", { ticket: lively })).status).toBe(201);
    expect(outcomeOf(await acquire("dead", { ticket: dead }))).toBe("409 ticket_lost");
  });

  test("is counted while it waits, and not when it is dropped", async () => {
    await take("count");
    await hastily.queueUp("count");
    await hastily.queueUp("count");
    expect((await get("count")).json).toMatchObject({ holding: 1, waiting: 2 });
    await sleep(3050);
    expect((await get("count")).json).toMatchObject({ holding: 1, waiting: 0 });
  });

  test("gives up the place with the ticket", async () => {
    const { token } = await take("leave");
    const ticket = await queueUp("leave");
    const behind = await queueUp("leave");
    expect((await release("leave", ticket)).status).toBe(204);
    expect((await acquire("leave", { ticket: behind })).json.position).toBe(1);
    await release("leave", token);
    expect((await acquire("leave", { ticket: behind })).status).toBe(201);
    expect(outcomeOf(await acquire("leave", { ticket }))).toBe("409 ticket_lost");
  });

  test("can extend nothing", async () => {
    await take("impatient");
    expect(outcomeOf(await extend("impatient", await queueUp("impatient")))).toBe("409 lock_lost");
  });

  test("is turned away from a queue that is full, and those in it are not", async () => {
    const few = composeLocks(inject("redisUrl"), { environment: { LOCKS_MAX_QUEUE: "2" } });
    const caller = createCaller(few.api);
    await caller.take("full");
    const tickets = [await caller.queueUp("full"), await caller.queueUp("full")];
    const refused = await caller.acquire("full");
    expect(outcomeOf(refused)).toBe("409 queue_full");
    expect(refused.headers["retry-after"]).toBe("1");
    expect((await caller.acquire("full", { ticket: tickets[1] })).json.position).toBe(2);
    expect((await caller.get("full")).json.waiting).toBe(2);
    await few.connection.close();
  });
});

describe("fencing tokens", () => {
  test("grow by one a grant, whatever ended the last one", async () => {
    const first = await nextToken("fence");
    await take("fence", { ttlSeconds: 1 });
    await sleep(1050);
    expect(await nextToken("fence")).toBe(first + 2);
    const { token } = await take("fence");
    await acquire("fence", { ticket: token });
    await extend("fence", token);
    await release("fence", token);
    expect(await nextToken("fence")).toBe(first + 4);
    expect((await get("fence")).json).toEqual({
      name: "fence",
      fencingToken: first + 4,
      holding: 0,
      waiting: 0,
      holders: [],
    });
  });

  test("are each lock's own", async () => {
    const [a, b] = [await nextToken("own/a"), await nextToken("own/b")];
    expect(await nextToken("own/a")).toBe(a + 1);
    expect(await nextToken("own/b")).toBe(b + 1);
  });
});

test("of very many holders all are counted, and the hundred are told that end first", async () => {
  const take = (ttlSeconds: number) => acquire("many", { mode: "shared", ttlSeconds });
  await Promise.all(Array.from({ length: 101 }, (_, index) => take(200 - index)));
  const { holding, holders } = (await get("many")).json;
  expect([holding, holders.length]).toEqual([101, 100]);
  const ends = holders.map(({ expiresAt }: { expiresAt: string }) => Date.parse(expiresAt));
  expect(ends).toEqual(ends.toSorted((a: number, b: number) => a - b));
  expect(ends.at(-1) - ends[0]).toBeLessThan(100_000);
});

test("a lock that nobody has ever had is free", async () => {
  const { json } = await get("never");
  expect(json).toEqual({ name: "never", holding: 0, waiting: 0, holders: [] });
});
