import { describe, expect, test } from "vitest";
import { createForecast } from "../../lib/sentry/forecast.ts";
import { type Outlook, outlook } from "../../lib/sentry/warnings.ts";

const MINUTE = 60_000;
const limits = { warnPercent: 80, forecastMs: 60 * MINUTE };

/** The outlook after each of these shares, a minute apart. */
function outlooks(shares: readonly number[], given = limits) {
  const forecast = createForecast();
  return shares.map((share, minute) => outlook(minute * MINUTE, share, forecast, given));
}

const rising = (from: number, by: number, count = 15) =>
  Array.from({ length: count }, (_, minute) => from + minute * by);
const isShort = ({ isShort }: Outlook) => isShort;

test("what grows by one percent a minute is full when the rest is used up", () => {
  const last = outlooks(rising(0.4, 0.01)).at(-1);
  expect(last?.percent).toBeCloseTo(54);
  expect(last?.fullInMs).toBeCloseTo(46 * MINUTE, -3);
  expect(last?.isShort).toBe(true);
});

test("nine readings say nothing, ten do", () => {
  const all = outlooks(rising(0.4, 0.05, 10));
  expect(all.map(({ fullInMs }) => fullInMs === undefined)).toEqual([...Array(9).fill(true), false]);
});

test("what begins to grow after a quiet time is seen within a quarter of an hour", () => {
  expect(outlooks([...rising(0.4, 0, 30), ...rising(0.4, 0.02)]).at(-1)?.isShort).toBe(true);
});

describe("no reason to warn is", () => {
  test("what stays, shrinks, grows slowly or has only begun", () => {
    expect(outlooks(rising(0.5, 0)).at(-1)).toMatchObject({ fullInMs: undefined, isShort: false });
    expect(outlooks(rising(0.7, -0.01)).at(-1)).toMatchObject({ fullInMs: undefined, isShort: false });
    expect(outlooks(rising(0.5, 0.001)).at(-1)?.isShort).toBe(false);
    expect(outlooks(rising(0.01, 0.01)).at(-1)?.isShort).toBe(false);
  });

  test.each([10, 12, 15, 20, 30, 60])("a step, with %i readings before it", (before) => {
    const all = outlooks([...rising(0.4, 0, before), ...rising(0.7, 0, 60)]);
    expect(all.filter(isShort)).toEqual([]);
  });

  test("a step up and down again, and one reading that is out of line", () => {
    const both = [...rising(0.4, 0, 20), ...rising(0.75, 0, 10), ...rising(0.4, 0, 20)];
    expect(outlooks(both).filter(isShort)).toEqual([]);
    expect(outlooks([...rising(0.4, 0, 20), 0.79, ...rising(0.4, 0, 20)]).filter(isShort)).toEqual([]);
  });

  test("what has grown, and does no longer", () => {
    const all = outlooks([...rising(0.1, 0.02, 30), ...rising(0.68, 0, 30)]);
    expect(all.slice(30 + 12).map(({ fullInMs }) => fullInMs)).toEqual(Array(18).fill(undefined));
  });

  test("what takes longer than a week, as of the noise of one that stays", () => {
    const noisy = Array.from({ length: 30 }, (_, minute) => 0.5 + minute * 1e-9);
    expect(outlooks(noisy).at(-1)?.fullInMs).toBeUndefined();
    expect(outlooks(rising(0.4, 0.6 / 9000)).at(-1)?.fullInMs).toBeGreaterThan(6 * 86_400_000);
  });
});

describe("the clock", () => {
  test("counts, not the readings: what is older than half an hour is forgotten", () => {
    const forecast = createForecast();
    for (const [minute, share] of rising(0.1, 0.04).entries()) forecast.next(minute * MINUTE, share);
    const later = rising(0.7, 0, 9).map((share, minute) => forecast.next((60 + minute) * MINUTE, share));
    expect(later).toEqual(Array(9).fill(undefined));
  });

  test("may be set back: what it called later than now is forgotten", () => {
    const forecast = createForecast();
    const next = (minute: number, share: number) => forecast.next(minute * MINUTE, share);
    for (const [minute, share] of rising(0.3, 0.02, 20).entries()) next(1440 + minute, share);
    const back = rising(0.5, 0).map((share, minute) => next(minute, share));
    expect(back).toEqual(Array(15).fill(undefined));
    expect(next(14, 0.5)).toBeUndefined(); // the same moment again
    const after = rising(0.5, 0.02, 20).map((share, minute) => next(15 + minute, share));
    expect(after.at(-1)).toBeLessThan(15 * MINUTE);
  });

  test("may go slowly: the last thirty readings are enough", () => {
    const forecast = createForecast();
    const all = [...rising(0.1, 0.01, 60), ...rising(0.7, 0, 30)];
    const last = all.map((share, index) => forecast.next(index * 10_000, share)).at(-1);
    expect(last).toBeUndefined();
  });
});

test("what is nearly used up is a reason, however it got there", () => {
  expect(outlooks([0.8]).map(isShort)).toEqual([true]);
  expect(outlooks([0.79]).map(isShort)).toEqual([false]);
  expect(outlooks(rising(0.9, -0.001)).at(-1)?.isShort).toBe(true);
  expect(outlooks(rising(0.97, 0.01)).at(-1)).toMatchObject({ fullInMs: 0, isShort: true });
});

test("the forecast can be turned off, and the threshold set", () => {
  expect(outlooks(rising(0.4, 0.01), { ...limits, forecastMs: 0 }).at(-1)?.isShort).toBe(false);
  expect(outlooks([0.6], { ...limits, warnPercent: 60 })[0]?.isShort).toBe(true);
  expect(outlooks([1], { ...limits, warnPercent: 100 })[0]?.isShort).toBe(true);
});

test("what is meant to be full is never a reason where both are turned off", () => {
  const never = { warnPercent: 0, forecastMs: 0 };
  expect(outlooks([...rising(0.9, 0.01), 1, 1.01], never).filter(isShort)).toEqual([]);
  expect(outlooks(rising(0.4, 0.01), { ...limits, warnPercent: 0 }).at(-1)?.isShort).toBe(true);
});

test("where nobody knows how much there is, nothing is said", () => {
  expect(outlook(0, undefined, createForecast(), limits)).toEqual({
    percent: undefined,
    fullInMs: undefined,
    isShort: undefined,
  });
});
