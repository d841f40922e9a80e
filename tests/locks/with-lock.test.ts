import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, onTestFinished, test } from "vitest";
import { readToken } from "../../lib/locks/fields.ts";
import { type Holding, LockLost, withLock } from "../../lib/locks/with-lock.ts";
import { uniqueTenant } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";

const tenant = uniqueTenant();
const nightly = { group: "sentry", rest: "nightly" };

function start(environment: Record<string, string> = {}) {
  const { served, connection } = composeLocks(inject("redisUrl"), { environment });
  onTestFinished(() => connection.close());
  return served;
}

/** Takes the lock away from whoever has it, as a failover does that loses it. */
async function takeAway(): Promise<void> {
  const raw = bareClient();
  const keys = await keysOf(raw, `${tenant}:locks:*holders*`);
  await Promise.all(keys.map((key) => raw.unlink(key)));
  raw.disconnect();
}

test("of several that are started at once one does the work, and the others learn who", async () => {
  const ran: number[] = [];
  const outcomes = await Promise.all(
    [0, 1, 2, 3].map((number) =>
      withLock(start(), nightly, { tenant, ttlMs: 10_000, owner: `number ${number}` }, async () => {
        ran.push(number);
        await sleep(300);
        return number;
      }),
    ),
  );
  expect(ran).toHaveLength(1);
  const [winner] = ran;
  expect(outcomes.filter(({ state }) => state === "done")).toEqual([{ state: "done", value: winner }]);
  for (const other of outcomes.filter(({ state }) => state === "held"))
    expect(other).toEqual({ state: "held", owner: `number ${winner}` });
});

test("the next one can have it at once: who did not come to it has left no place behind", async () => {
  const locks = start();
  const run = () =>
    withLock(locks, nightly, { tenant, ttlMs: 10_000 }, async ({ fencingToken }) => fencingToken);
  await withLock(locks, nightly, { tenant, ttlMs: 10_000 }, async () =>
    expect((await run()).state).toBe("held"),
  );
  const [first, second] = [await run(), await run()];
  expect(second).toEqual({ state: "done", value: first.state === "done" && first.value + 1 });
});

test("where as many wait as may, it is held as ever", async () => {
  const locks = start({ LOCKS_MAX_QUEUE: "1" });
  await withLock(locks, nightly, { tenant, ttlMs: 10_000, owner: "me" }, async () => {
    const wanted = { names: [nightly], exclusive: true, ttlMs: 10_000 };
    const queued = await locks.acquire(tenant, wanted);
    if (queued.state !== "held") throw new Error(queued.state);
    expect((await locks.acquire(tenant, wanted)).state).toBe("full");
    const other = await withLock(locks, nightly, { tenant, ttlMs: 10_000 }, async () => {});
    expect(other).toEqual({ state: "held", owner: "me" });
    await locks.release(tenant, nightly, readToken(queued.ticket));
  });
});

test("who waits does the work when the one before is done", async () => {
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await sleep(200);
    order.push(`${name} ends`);
  };
  await Promise.all(
    ["a", "b", "c"].map((name) =>
      withLock(start(), nightly, { tenant, ttlMs: 5000, waitMs: 10_000 }, work(name)),
    ),
  );
  const names = order.map((line) => line[0]);
  expect(names).toEqual(names.flatMap((_, index) => (index % 2 === 0 ? [names[index], names[index]] : [])));
});

test("who has waited in vain has left no place behind either", async () => {
  const locks = start();
  const outcome = await withLock(locks, nightly, { tenant, ttlMs: 10_000, owner: "me" }, async () => {
    const other = await withLock(start(), nightly, { tenant, ttlMs: 10_000, waitMs: 100 }, async () => {});
    expect(other).toEqual({ state: "held", owner: "me" });
    return (await locks.look(tenant, nightly)).waiting;
  });
  expect(outcome).toEqual({ state: "done", value: 0 });
});

test("the lock is held for as long as the work takes", async () => {
  const locks = start();
  const outcome = await withLock(locks, nightly, { tenant, ttlMs: 1500 }, async ({ signal }) => {
    for (let round = 0; round < 20; round++) {
      await sleep(200);
      expect(signal.aborted).toBe(false);
      expect((await locks.look(tenant, nightly)).holding).toBe(1);
    }
  });
  expect(outcome.state).toBe("done");
  expect((await locks.look(tenant, nightly)).holding).toBe(0);
});

test("work that fails gives the lock back, and fails", async () => {
  const locks = start();
  const failing = withLock(locks, nightly, { tenant, ttlMs: 10_000 }, () =>
    Promise.reject(new Error("too bad")),
  );
  await expect(failing).rejects.toThrow("too bad");
  expect((await locks.look(tenant, nightly)).holding).toBe(0);
});

test("work whose lock is lost is told so while it goes on, and is not done", async () => {
  let told: unknown;
  const losing = withLock(start(), nightly, { tenant, ttlMs: 1500 }, async ({ signal }: Holding) => {
    await takeAway();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    told = signal.reason;
  });
  await expect(losing).rejects.toThrow(LockLost);
  expect(told).toBeInstanceOf(LockLost);
});

test("a lock that may not be extended any more is lost when it ends at the latest", async () => {
  const locks = start({ LOCKS_MAX_EXTENSIONS: "1" });
  const losing = withLock(locks, nightly, { tenant, ttlMs: 900 }, ({ signal }) =>
    sleep(20_000, 0, { signal }),
  );
  await expect(losing).rejects.toThrow();
  expect((await locks.look(tenant, nightly)).holding).toBe(0);
});

test("work that kept everything else from its turn until the lock had ended is not done", async () => {
  const ttlMs = 300;
  const losing = withLock(start(), nightly, { tenant, ttlMs }, async () => {
    const busyUntil = performance.now() + 2 * ttlMs;
    while (performance.now() < busyUntil);
    return "done";
  });
  await expect(losing).rejects.toThrow(LockLost);
});

test("a lock that may not be extended any more is held until it ends, and no longer", async () => {
  const locks = start({ LOCKS_MAX_EXTENSIONS: "1" });
  const ttlMs = 1500;
  const startedAt = performance.now();
  let abortedAt = 0;
  const losing = withLock(locks, nightly, { tenant, ttlMs }, async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    abortedAt = performance.now();
  });
  await expect(losing).rejects.toThrow(LockLost);
  // It was extended after a third, and the time since then is its own.
  expect(abortedAt - startedAt).toBeGreaterThanOrEqual((4 / 3) * ttlMs - 1);
});

test("who waits for longer than the lock lasts has it for its whole time, though nothing may be extended", async () => {
  const locks = start({ LOCKS_MAX_EXTENSIONS: "0" });
  const options = { tenant, ttlMs: 2000, waitMs: 20_000 };
  const outcome = await withLock(start(), nightly, { tenant, ttlMs: 10_000 }, async () => {
    const next = withLock(locks, nightly, options, async ({ signal }) => {
      await sleep(500);
      return signal.aborted;
    });
    await sleep(2500);
    return { next };
  });
  if (outcome.state !== "done") throw new Error(outcome.state);
  expect(await outcome.value.next).toEqual({ state: "done", value: false });
});
