import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Held, holdCredentials } from "../../lib/aws/hold-credentials.ts";
import { SLACK_MS } from "../composition.ts";

/** Longer than anybody waits. */
const SLOW_MS = 10_000;
/** So long a caller waits at most who may have the old ones. */
const PATIENCE_MS = 100;
const LONG_MS = 3_600_000;

const named = (password: string, times: Omit<Held, "credentials"> = {}): Held => ({
  credentials: { password },
  ...times,
});

/** Credentials that are fetched at once the first time, and are to be renewed; the next come as `next` says. */
async function holdDue(next: () => Promise<Held>, endInMs = LONG_MS) {
  let fetches = 0;
  const times = { renewAtMs: Date.now(), endsAtMs: Date.now() + endInMs };
  const source = holdCredentials(async () => (fetches++ === 0 ? named("old", times) : next()));
  await source.get();
  return { ...source, fetches: () => fetches };
}

async function timed<T>(work: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const startedAt = performance.now();
  const value = await work;
  return { value, tookMs: performance.now() - startedAt };
}

const slow = async () => sleep(SLOW_MS, named("new"), { ref: false });

describe("credentials that are still good", () => {
  test("are given soon while new ones are slow to come, to all who ask, with one fetch", async () => {
    const { get, fetches } = await holdDue(slow);
    for (let round = 0; round < 3; round++) {
      const { value, tookMs } = await timed(Promise.all([get(), get(), get()]));
      expect(value).toEqual(Array(3).fill({ password: "old" }));
      expect(tookMs).toBeLessThan(PATIENCE_MS + SLACK_MS);
    }
    expect(fetches()).toBe(2);
  });

  test("give way to the new ones, which whoever asked first need not wait for twice", async () => {
    const { get } = await holdDue(() => sleep(10 * PATIENCE_MS, named("new")));
    expect(await get()).toEqual({ password: "old" });
    await expect.poll(get, { timeout: 20_000 }).toEqual({ password: "new" });
  });

  test("are not given in place of new ones that come at once", async () => {
    const { get } = await holdDue(async () => named("new"));
    expect(await get()).toEqual({ password: "new" });
  });

  test("are given when there are no new ones", async () => {
    const { get } = await holdDue(() => Promise.reject(new Error("away")));
    const { value, tookMs } = await timed(get());
    expect(value).toEqual({ password: "old" });
    expect(tookMs).toBeLessThan(PATIENCE_MS + SLACK_MS);
  });
});

test("credentials that are good no more are not given, however slow the new ones are", async () => {
  const { get } = await holdDue(() => sleep(3 * PATIENCE_MS, named("new")), 0);
  expect(await get()).toEqual({ password: "new" });
});

test("who has none yet waits for the first", async () => {
  const { get } = holdCredentials(() => sleep(3 * PATIENCE_MS, named("first")));
  expect(await get()).toEqual({ password: "first" });
});
