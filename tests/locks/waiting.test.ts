import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, onTestFinished, test } from "vitest";
import type { Locks } from "../../lib/locks/locks.ts";
import { outcomeOf } from "../api.ts";
import { type Composition, type CompositionOptions, composeLocks, until } from "../composition.ts";
import { createCaller, type LocksCaller } from "./caller.ts";

let tenant: string | undefined;

/** A sandbox of its own, as each waiting call has on Lambda. */
function start(options: CompositionOptions = {}): Composition<Locks> & LocksCaller {
  const sandbox = composeLocks(inject("redisUrl"), { ...options, ...(tenant && { tenant }) });
  tenant = sandbox.tenant;
  onTestFinished(() => sandbox.connection.close());
  return { ...sandbox, ...createCaller(sandbox.api) };
}

const waiting = (caller: LocksCaller, name: string, count: number) =>
  until(
    () => caller.get(name),
    ({ json }) => json.waiting === count,
  );

/** Without being woken they would look every two seconds. */
const PATIENT = { environment: { REDIS_DEADLINE_MS: "8000", LOCKS_HEARTBEAT_SECONDS: "60" } };

test("who waits in the call is woken by the release, and not by a look at the clock", async () => {
  const [holder, waiter] = [start(), start(PATIENT)];
  const delays: number[] = [];
  for (let round = 0; round < 11; round++) {
    const { token } = await holder.take("wake");
    const granted = waiter
      .acquire("wake", { waitSeconds: 20 })
      .then(({ json }) => ({ json, at: performance.now() }));
    await waiting(holder, "wake", 1);
    await sleep(20 + Math.random() * 200);
    const releasedAt = performance.now();
    await holder.release("wake", token);
    const { json, at } = await granted;
    delays.push(at - releasedAt);
    await waiter.release("wake", json.token);
  }
  delays.sort((a, b) => a - b);
  expect(delays[5], delays.map(Math.round).join(" ")).toBeLessThan(200);
});

test("all that wait come in their order, one after the other", async () => {
  const holder = start();
  const { token } = await holder.take("row");
  const order: number[] = [];
  const done: Promise<unknown>[] = [];
  for (let number = 0; number < 6; number++) {
    const waiter = start();
    done.push(
      waiter.acquire("row", { waitSeconds: 20 }).then(async ({ json }) => {
        order.push(number);
        await waiter.release("row", json.token);
      }),
    );
    await waiting(holder, "row", number + 1);
  }
  await holder.release("row", token);
  await Promise.all(done);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});

test("several calls that wait in one sandbox all come through, and hold up nothing else there", async () => {
  const [holder, shared] = [start(), start()];
  const { token } = await holder.take("shared");
  const all = Array.from({ length: 10 }, () =>
    shared.acquire("shared", { waitSeconds: 20 }).then(({ json }) => shared.release("shared", json.token)),
  );
  await waiting(holder, "shared", 10);
  const startedAt = performance.now();
  for (let round = 0; round < 10; round++) await shared.get("other");
  expect(performance.now() - startedAt).toBeLessThan(1000);
  await holder.release("shared", token);
  expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(10).fill(204));
});

test("who waits asks once for each time that it blocks, and not all the time", async () => {
  const [holder, waiter] = [start(), start(PATIENT)];
  const { token } = await holder.take("seldom");
  const wanted = { names: [{ group: "seldom", rest: "" }], exclusive: true, ttlMs: 30_000, waitMs: 20_000 };
  const granted = waiter.served.acquire(holder.tenant, wanted);
  await sleep(5000);
  await holder.release("seldom", token);
  expect((await granted).state).toBe("granted");
  const asked = waiter.connection.takeRoundTrips().length;
  expect(asked).toBeGreaterThan(0);
  expect(asked, "at once, after two seconds, after four, and woken").toBeLessThanOrEqual(8);
});

test("a place that is given up wakes those who wait behind it", async () => {
  const [holder, waiter] = [start(), start(PATIENT)];
  await holder.take("behind", { mode: "shared" });
  const delays: number[] = [];
  for (let round = 0; round < 5; round++) {
    const ticket = await holder.queueUp("behind");
    const granted = waiter.acquire("behind", { mode: "shared", waitSeconds: 20 });
    await waiting(holder, "behind", 2);
    await sleep(20 + Math.random() * 200);
    const releasedAt = performance.now();
    await holder.release("behind", ticket);
    const { json } = await granted;
    delays.push(performance.now() - releasedAt);
    await waiter.release("behind", json.token);
  }
  delays.sort((a, b) => a - b);
  expect(delays[2], delays.map(Math.round).join(" ")).toBeLessThan(500);
});

test("who waits in the call keeps the place, though a block may last as long as its heartbeat", async () => {
  const hasty = { environment: { REDIS_DEADLINE_MS: "8000", LOCKS_HEARTBEAT_SECONDS: "2" } };
  const [holder, waiter] = [start(PATIENT), start(hasty)];
  const { token } = await holder.take("keeps");
  const granted = waiter.acquire("keeps", { waitSeconds: 20 });
  await waiting(holder, "keeps", 1);
  const behind = await holder.queueUp("keeps");
  await sleep(6000);
  expect((await holder.acquire("keeps", { ticket: behind })).json.position).toBe(2);
  await holder.release("keeps", token);
  expect((await granted).status).toBe(201);
});

test("the end of a grant wakes as well as its release", async () => {
  const delays = await Promise.all(
    [1, 2, 3].map(async (number) => {
      const [name, waiter] = [`end-${number}`, start(PATIENT)];
      const first = await waiter.take(name, { ttlSeconds: 1 });
      const { status, json } = await waiter.acquire(name, { waitSeconds: 10 });
      expect([status, json.fencingToken]).toEqual([201, first.fencingToken + 1]);
      return Date.parse(json.expiresAt) - 30_000 - Date.parse(first.expiresAt);
    }),
  );
  for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(0);
  expect(Math.min(...delays), delays.join(" ")).toBeLessThan(600);
});

test("so does the end of a ticket", async () => {
  const [holder, waiter] = [start(), start(PATIENT)];
  const hasty = start({ environment: { LOCKS_HEARTBEAT_SECONDS: "3" } });
  await holder.take("lapse", { permits: 2 });
  await hasty.queueUp("lapse");
  const queuedAt = performance.now();
  expect((await waiter.acquire("lapse", { permits: 2, waitSeconds: 10 })).status).toBe(201);
  // It looks at once, and every two seconds, and at three for this.
  expect(performance.now() - queuedAt).toBeLessThan(3700);
});

test("waiting ends when it was asked to, with a ticket that keeps the place", async () => {
  const [holder, waiter] = [start(), start()];
  const { token } = await holder.take("patience");
  const startedAt = performance.now();
  const { json } = await waiter.acquire("patience", { waitSeconds: 1 });
  expect(performance.now() - startedAt).toBeGreaterThan(950);
  expect(json).toMatchObject({ code: "lock_held", position: 1 });
  await sleep(2000);
  const behind = await holder.queueUp("patience");
  await holder.release("patience", token);
  expect(outcomeOf(await holder.acquire("patience", { ticket: behind }))).toBe("409 lock_held");
  expect((await waiter.acquire("patience", { ticket: json.ticket, waitSeconds: 5 })).status).toBe(201);
});

test("so does an invocation that ends before, while there is time to say so", async () => {
  const [holder, waiter] = [start(), start({ remainingMs: 4000 })];
  const { token } = await holder.take("short");
  const startedAt = performance.now();
  const { json } = await waiter.acquire("short", { waitSeconds: 20 });
  expect(performance.now() - startedAt).toBeLessThan(4000);
  expect(json).toMatchObject({ code: "lock_held", position: 1 });
  await holder.release("short", token);
  expect((await waiter.acquire("short", { ticket: json.ticket })).status).toBe(201);
});

test("who waits is woken for each lock of several", async () => {
  const [holder, waiter] = [start(), start()];
  const held = [await holder.take("both/a"), await holder.take("both/b")] as const;
  const all = waiter.acquireAll(["both/a", "both/b"], { waitSeconds: 20 });
  await waiting(holder, "both/b", 1);
  await holder.release("both/a", held[0].token);
  await sleep(300);
  await holder.release("both/b", held[1].token);
  expect((await all).status).toBe(201);
});
