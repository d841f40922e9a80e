import { expect, test } from "vitest";
import { createChanges } from "../../lib/sentry/changes.ts";
import type { Reading } from "../../lib/sentry/reading.ts";

const MINUTE = 60_000;
const reading = (minute: number, evictions: number, history = "first"): Reading => ({
  at: minute * MINUTE,
  memoryUsed: undefined,
  memoryShare: undefined,
  connections: undefined,
  connectionsShare: undefined,
  operationsPerSecond: undefined,
  replicationLag: undefined,
  counts: new Map([["a:6379", { evictions, hits: 0, misses: 0 }]]),
  primaries: new Map([["a:6379", history]]),
  unreachable: [],
});
const seen = (evictions: number, roleChanges = 0) => ({ evictions, hits: 0, misses: 0, roleChanges });

test("what a sandbox did not see for ten minutes, it does not tell a second time after the other that did", () => {
  const { next } = createChanges();
  expect(next(reading(0, 100))).toBeUndefined();
  expect(next(reading(1, 130))).toEqual(seen(30));
  expect(next(reading(61, 9000, "second"))).toBeUndefined();
  expect(next(reading(62, 9001, "second"))).toEqual(seen(1));
});

test("minutes in which Redis was away are told when it is back", () => {
  const { next } = createChanges();
  next(reading(0, 100));
  expect(next(reading(9, 150, "second"))).toEqual(seen(50, 1));
});

test("a server that started anew counts from zero", () => {
  const { next } = createChanges();
  next(reading(0, 100));
  expect(next(reading(1, 7))).toEqual(seen(7));
});

test("a clock that was set far back begins anew", () => {
  const { next } = createChanges();
  next(reading(1e6, 100));
  expect(next(reading(0, 200))).toBeUndefined();
  expect(next(reading(1, 201))).toEqual(seen(1));
});
