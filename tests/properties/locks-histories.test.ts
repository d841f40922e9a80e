import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { composeLocks } from "../composition.ts";
import { checkLockHistory, type LockEvent } from "./locks-history.ts";
import { createHasty, plan, runPlan } from "./locks-runs.ts";

/** On a busy machine fewer, and on many nodes that share it. */
const RUNS = 2000;
const LEAST_RUNS = inject("redisEnvironment").REDIS_MODE ? 200 : 1000;
const LONGEST_MS = 40_000;
/** At the same time: most of a run is waiting. */
const AT_ONCE = 50;

const connections = Array.from(
  { length: 4 },
  () => composeLocks(inject("redisUrl"), { environment: { REDIS_DEADLINE_MS: "8000" } }).connection,
);
const sandboxes = connections.map(createHasty);
afterAll(() => Promise.all(connections.map((connection) => connection.close())));

test("callers that want the same locks at once get what was promised, whatever becomes of them", {
  timeout: 120_000,
}, async () => {
  const plans = fc.sample(plan, RUNS);
  const counts: Record<string, number> = {};
  const endsAt = performance.now() + LONGEST_MS;
  let checked = 0;
  const next = async () => {
    for (let one = plans.pop(); one && performance.now() < endsAt; one = plans.pop()) {
      const { events, promised } = await runPlan(one, sandboxes);
      try {
        checkLockHistory(events, promised);
      } catch (error) {
        plans.length = 0;
        throw new Error(`${(error as Error).message}\n${JSON.stringify({ promised, events })}`);
      }
      checked++;
      for (const event of events) counts[nameOf(event)] = (counts[nameOf(event)] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  expect(checked).toBeGreaterThanOrEqual(LEAST_RUNS);
  const happened = [
    "granted",
    "held",
    "lost",
    "extend true",
    "extend false",
    "release true",
    "release false",
  ];
  for (const name of happened) expect(counts[name] ?? 0, name).toBeGreaterThan(50);
});

function nameOf(event: LockEvent): string {
  if (event.do === "acquire") return event.outcome;
  return `${event.do} ${event.do === "extend" ? event.expiresAt !== undefined : event.given}`;
}
