import { afterAll, beforeAll, expect, test } from "vitest";
import { composeLocks } from "../composition.ts";
import { createCaller, type LocksCaller } from "../locks/caller.ts";
import { startCounting } from "./counted.ts";

let counting: Awaited<ReturnType<typeof startCounting>>;
let caller: LocksCaller;
/** Through a connection whose round trips nobody counts. */
let other: LocksCaller;
let ticket: string;
let count = 0;

beforeAll(async () => {
  counting = await startCounting(composeLocks);
  caller = createCaller(counting.api);
  other = createCaller(counting.uncounted);
  await other.take("held");
  ticket = await other.queueUp("held", { mode: "shared" });
});
afterAll(() => counting?.close());

const name = () => `lock-${count++}`;

test.each<[string, number, () => Promise<{ status: number }>]>([
  ["to take a lock", 201, () => caller.acquire(name())],
  ["to take a lock with a key", 201, () => caller.acquire(name(), {}, { "idempotency-key": name() })],
  ["to take a lock that is free, if one would wait", 201, () => caller.acquire(name(), { waitSeconds: 20 })],
  ["to take sixteen", 201, () => caller.acquireAll(Array.from({ length: 16 }, () => `g/${name()}`))],
  ["to take a place", 409, () => caller.acquire("held")],
  ["to come back", 409, () => caller.acquire("held", { ticket })],
  ["to be told that a ticket is lost", 409, () => caller.acquire(name(), { ticket })],
  ["to be told that a token is", 409, () => caller.extend(name(), ticket)],
  ["to read a lock", 200, () => caller.get("held")],
])("one round trip is all that it takes, the first time as well as later, %s", async (_, status, run) => {
  for (let time = 0; time < 2; time++) expect(await counting.roundTrips(run())).toEqual([status, 1]);
});

test("one is all that it takes to extend a lock and to give it up", async () => {
  for (let time = 0; time < 2; time++) {
    const lock = name();
    const { token } = await other.take(lock);
    expect(await counting.roundTrips(caller.extend(lock, token))).toEqual([200, 1]);
    expect(await counting.roundTrips(caller.release(lock, token))).toEqual([204, 1]);
  }
});

test("while it waits there are two for each time that it looks, at most some a second", async () => {
  const [status, trips] = await counting.roundTrips(caller.acquire("held", { waitSeconds: 2 }));
  expect(status).toBe(409);
  expect(trips).toBeGreaterThan(4);
  expect(trips).toBeLessThan(2 * 2 * 4 + 8);
});
