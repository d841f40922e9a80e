import fc from "fast-check";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { uniqueTenant } from "../api.ts";
import { bareClient } from "../provided-redis.ts";
import { HALF_LIFE, type Step, take, weigh } from "./likes-trending.ts";

const PLACES = 1000;
/** Of what a subject, or all of them, were ever given, as it weighs by now. */
const ROUNDING = 2e-6;
const LIFETIME_MS = (20 * HALF_LIFE) / 1000;

const client = bareClient();
let key: string;
beforeEach(() => {
  key = `${uniqueTenant()}:likes:{x}:trending-hour`;
});
afterEach(() => client.unlink(key));
afterAll(() => client.disconnect());

const turn = fc.record({
  subject: fc.nat({ max: 11 }),
  gap: fc.constantFrom(0, 0, 1e-9, 0.01, 0.4, 3),
  weight: fc.constantFrom(1, 1, 1, 2, 60),
  /** Which of its likes is taken back, if there are so many; a new one else. */
  back: fc.nat({ max: 12 }),
});
const turns = fc.array(turn, { minLength: 1, maxLength: 80, size: "max" });

/** What the turns come to, one after the other, on top of what was before. */
function stepsOf(list: readonly (typeof turn extends fc.Arbitrary<infer T> ? T : never)[]): Step[] {
  const given = new Map<string, Step[]>();
  let at = 0;
  return list.map(({ subject: number, gap, weight, back }): Step => {
    at += gap;
    const subject = `s${number}`;
    const likes = given.get(subject) ?? [];
    given.set(subject, likes);
    const [taken] = weight === 1 ? likes.splice(back, 1) : [];
    if (taken) return { ...taken, do: "take" };
    const like = { do: "like", subject, at, weight } as const;
    if (weight === 1) likes.push(like); // who is only estimated takes nothing back
    return like;
  });
}

const lastOf = (steps: readonly Step[]) => Math.max(...steps.map(({ at }) => at));

test("while all have a place each weighs what its likes do, and a like that is taken back was never there", async () => {
  const property = fc.asyncProperty(turns, turn, async (list, { subject: number }) => {
    await client.unlink(key);
    const steps = stepsOf(list);
    const now = lastOf(steps);
    const found = await take(client, key, steps, now);
    const { weights } = weigh(steps, now);
    const { weights: ever } = weigh(
      steps.filter((step) => step.do === "like"),
      now,
    );
    for (const [subject, weight] of weights)
      expect(Math.abs((found.get(subject) ?? 0) - weight)).toBeLessThan(
        ROUNDING * (ever.get(subject) ?? 0) + 1e-12,
      );
    expect(found.has("")).toBe(false);
    const like = { do: "like", subject: `s${number}`, at: now, weight: 1 } as const;
    const again = await take(client, key, [like, { ...like, do: "take" }], now);
    for (const subject of new Set([...found.keys(), ...again.keys()]))
      expect(Math.abs((again.get(subject) ?? 0) - (found.get(subject) ?? 0))).toBeLessThan(ROUNDING);
  });
  await fc.assert(property, { numRuns: 100 });
});

/** What is promised of subjects for which there are not enough places. */
function expectBounds(found: Map<string, number>, steps: readonly Step[], now: number): void {
  const { weights, all } = weigh(steps, now);
  const rounding = ROUNDING * all;
  const floor = found.get("") ?? 0;
  expect(found.size).toBeLessThanOrEqual(PLACES + 1);
  expect(floor).toBeLessThan(all / PLACES + rounding);
  for (const [subject, weight] of weights) {
    const seen = found.get(subject);
    if (seen === undefined) expect(weight, `${subject} has no place`).toBeLessThan(floor + rounding);
    else {
      expect(seen, subject).toBeGreaterThan(weight - rounding);
      expect(seen, subject).toBeLessThan(weight + floor + rounding);
    }
  }
}

test("of more than have a place none is told too low, none too high by more than a thousandth of all, and none that is heavier is missed", async () => {
  const property = fc.asyncProperty(turns, async (list) => {
    await client.unlink(key);
    const residents = Array.from({ length: PLACES - 3 }, (_, number): Step => {
      const subject = number < 3 ? `s${number}` : `resident-${number}`;
      return { do: "like", subject, at: 0, weight: 1 + (number % 3) };
    });
    const steps = [...residents, ...stepsOf(list)];
    const now = lastOf(steps);
    const found = await take(client, key, steps, now);
    expectBounds(found, steps, now);

    const like = { do: "like", subject: "new", at: now, weight: 1 } as const;
    const back = [like, { ...like, do: "take" }] as const;
    const again = await take(client, key, back, now);
    expect(again.has("new"), "leaves as it came").toBe(false);
    const gone = [...found].filter(([subject]) => !again.has(subject));
    for (const [subject, weight] of gone)
      expect(weight, `${subject} had to go`).toBeLessThan((again.get("") ?? 0) * (1 + ROUNDING));
    expectBounds(again, [...steps, ...back], now);
  });
  await fc.assert(property, { numRuns: 60 });
});

test("the heaviest of very many are found among those who are liked once", async () => {
  const property = fc.asyncProperty(fc.infiniteStream(fc.double({ min: 1e-4, max: 1 })), async (luck) => {
    await client.unlink(key);
    const steps: Step[] = [];
    for (const chance of luck) {
      if (steps.length === 20_000) break;
      const subject = `s${Math.floor(chance ** -0.9)}`;
      steps.push({
        do: "like",
        subject: subject === "s1" ? `once-${steps.length}` : subject,
        at: steps.length / 5000,
        weight: 1,
      });
    }
    const now = lastOf(steps);
    const found = await take(client, key, steps, now);
    expectBounds(found, steps, now);
    expect(found.get("")).toBeGreaterThan(0);
  });
  await fc.assert(property, { numRuns: 3 });
});

test("a set that is liked as ever lives on", async () => {
  for (let chunk = 0; chunk < 25; chunk++) {
    await client.pexpire(key, 10 * LIFETIME_MS);
    const steps = Array.from({ length: 120 }, (_, number): Step => {
      return { do: "like", subject: `s${number % 3}`, at: 1.2 * (chunk + number / 120), weight: 1 };
    });
    await take(client, key, steps, 0);
    const left = await client.pttl(key);
    expect(left).toBeGreaterThan(LIFETIME_MS - 60_000);
    expect(left).toBeLessThanOrEqual(LIFETIME_MS);
  }
});

test("what ends has next to nothing left of what each of its subjects weighed", async () => {
  const gaps = fc.array(fc.record({ subject: fc.nat({ max: 2 }), gap: fc.constantFrom(0.01, 1, 6, 9) }), {
    minLength: 30,
    maxLength: 60,
    size: "max",
  });
  const property = fc.asyncProperty(gaps, fc.constantFrom(1, 1000, 1e6), async (list, first) => {
    await client.unlink(key);
    const steps: Step[] = [{ do: "like", subject: "s0", at: 0, weight: first }];
    await take(client, key, steps, 0);
    let renewed = steps.length;
    for (const { subject, gap } of list) {
      const now = lastOf(steps) + gap;
      const [then, { weights }] = [lastOf(steps.slice(0, renewed)), weigh(steps, now)];
      if (now - then > 20) {
        for (const [name, weight] of weigh(steps.slice(0, renewed), then).weights)
          expect(weights.get(name)).toBeLessThan(weight * 2 ** -19);
        expect(weights.size).toBe(weigh(steps.slice(0, renewed), then).weights.size);
        return;
      }
      await client.pexpire(key, 10 * LIFETIME_MS);
      const step: Step = { do: "like", subject: `s${subject}`, at: now, weight: 1 };
      await take(client, key, [step], now);
      steps.push(step);
      if ((await client.pttl(key)) <= LIFETIME_MS) renewed = steps.length;
    }
  });
  await fc.assert(property, { numRuns: 60 });
});
