import fc from "fast-check";
import { expect, test } from "vitest";
import { formatCacheControl, parseCacheControl } from "../../lib/cache/cache-control.ts";

const seconds = fc.nat({ max: 31_536_000 });

/** Texts that look like the field, and texts that do not. */
const field = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: fc.constantFrom('"', "\\", ",", "=", " ", "a", "1", "max-age", "no-store", "\t") }),
);

test("no text whatever makes the parser throw, and it gives either a reason or seconds", () => {
  fc.assert(
    fc.property(field, (text) => {
      const parsed = parseCacheControl(text);
      if ("reason" in parsed) expect(parsed.reason).not.toBe("");
      else for (const value of Object.values(parsed)) expect(Number(value)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  '"'.repeat(20_000),
  '"\\'.repeat(20_000),
  ",".repeat(20_000),
  " ".repeat(20_000),
  "a=".repeat(20_000),
])("a long hostile field is refused or read at once (%#)", (text) => {
  const startedAt = performance.now();
  for (const suffix of ["", "x", '"', "\u0000"]) parseCacheControl(text + suffix);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

const directives = fc.record(
  { "max-age": seconds, "s-maxage": seconds, "stale-while-revalidate": seconds, "stale-if-error": seconds },
  { requiredKeys: [] },
);
const foreign = fc.subarray([
  "public",
  "must-revalidate",
  'private="set-cookie, x"',
  "no-transform",
  'ext="a\\"b"',
]);

test("directives are read in any order, case, quoting and company; s-maxage counts before max-age", () => {
  const written = fc.tuple(
    directives,
    foreign,
    fc.boolean(),
    fc.boolean(),
    fc.constantFrom(",", ", ", " , ,\t"),
  );
  fc.assert(
    fc.property(written, fc.infiniteStream(fc.nat()), ([given, others, upper, quoted, comma], order) => {
      const parts = [
        ...Object.entries(given).map(([name, value]) => {
          return `${upper ? name.toUpperCase() : name}=${quoted ? `"${value}"` : value}`;
        }),
        ...others,
      ];
      const rank = new Map(parts.map((part) => [part, order.next().value as number]));
      parts.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
      const maxAge = given["s-maxage"] ?? given["max-age"];
      const expected = {
        maxAge,
        staleWhileRevalidate: given["stale-while-revalidate"],
        staleIfError: given["stale-if-error"],
      };
      expect({ ...expected, ...parseCacheControl(parts.join(comma)) }).toEqual(expected);
      expect(parseCacheControl(parts.join(comma))).not.toHaveProperty("reason");
    }),
  );
});

test("what is written for an entry reads back as what was left of it, in whole seconds", () => {
  const ms = fc.integer({ min: -10_000_000, max: 31_536_000_000 });
  fc.assert(
    fc.property(ms, fc.nat({ max: 10 ** 9 }), fc.nat({ max: 10 ** 9 }), (freshMs, staleMs, errorMs) => {
      const left = { freshMs, staleMs: freshMs + staleMs, errorMs: freshMs + errorMs };
      const parsed = parseCacheControl(formatCacheControl(left, { staleMs, errorMs }));
      const fresh = Math.max(0, freshMs);
      const window = (end: number) => Math.max(0, Math.floor((end - fresh) / 1000));
      expect(parsed).toEqual({
        maxAge: Math.floor(fresh / 1000),
        ...(staleMs > 0 && { staleWhileRevalidate: window(left.staleMs) }),
        ...(errorMs > 0 && { staleIfError: window(left.errorMs) }),
      });
    }),
  );
});

test("a directive said twice, or with anything but a whole number, is refused by name", () => {
  const name = fc.constantFrom("max-age", "s-maxage", "stale-while-revalidate", "stale-if-error");
  const wrong = fc.oneof(
    fc.integer({ max: -1 }).map(String),
    fc.double({ noInteger: true }).map(String),
    fc.constantFrom("", "NaN", "1e9", "0x1", "12345678901", '"', "one"),
  );
  fc.assert(
    fc.property(name, wrong, seconds, (name, wrong, right) => {
      expect(parseCacheControl(`${name}=${wrong}`)).toHaveProperty("reason");
      expect(parseCacheControl(name)).toHaveProperty("reason");
      const twice = parseCacheControl(`${name}=${right}, ${name.toUpperCase()}=${right}`);
      expect(twice).toEqual({ reason: expect.stringContaining(name) });
    }),
  );
});
