import fc from "fast-check";
import { expect, test } from "vitest";
import { formatLease, type Lease, MAX_LEASE_MS, parseLease } from "../../lib/cache/lease.ts";

/** Whatever a group may be called; an object's own names are the ones that break programs. */
const group = fc.oneof(
  fc.stringMatching(/^[\x20-\x7e]{1,256}$/),
  fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty", "reason"),
);

const lease: fc.Arbitrary<Lease> = fc.record({
  nonce: fc.uuid(),
  durationMs: fc.integer({ min: 1, max: MAX_LEASE_MS }),
  clock: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  groups: fc.array(group, { maxLength: 20 }),
});

test("a lease reads back from its text as it was, with all its groups", () => {
  fc.assert(
    fc.property(lease, (given) => {
      expect(parseLease(formatLease(given))).toEqual(given);
    }),
  );
});

test("the text of a lease can be a header field", () => {
  fc.assert(
    fc.property(lease, (given) => {
      expect(formatLease(given)).toMatch(/^[\w-]+$/);
    }),
  );
});

test("no text whatever makes the parser throw", () => {
  const json = fc.json().map((text) => Buffer.from(text).toString("base64url"));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), json, fc.base64String()), (text) => {
      expect(parseLease(text)).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test("a lease with anything out of its bounds is none", () => {
  const good: Lease = { nonce: "n", durationMs: 1, clock: 0, groups: [] };
  const wrong: Partial<Record<keyof Lease, unknown>>[] = [
    { nonce: "" },
    { nonce: "n".repeat(65) },
    { nonce: "a b" },
    { nonce: 5 },
    { durationMs: 0 },
    { durationMs: MAX_LEASE_MS + 1 },
    { durationMs: 1.5 },
    { durationMs: "1" },
    { clock: -1 },
    { clock: null },
    { clock: 2 ** 60 },
    { groups: { g: "t" } },
    { groups: [1] },
    { groups: ["g".repeat(257)] },
    { groups: Array(129).fill("g") },
  ];
  expect(parseLease(formatLease(good))).toEqual(good);
  for (const change of wrong) {
    const text = formatLease({ ...good, ...change } as Lease);
    expect(parseLease(text), JSON.stringify(change)).toBeUndefined();
  }
});
