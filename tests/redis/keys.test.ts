import calculateSlot from "cluster-key-slot";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cacheKeys, callKeys, featureOf, leaderboardKeys, sentryKeys } from "../../lib/redis/keys.ts";

const id = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("{", "}", ":", "%", "a", "é", "/", "\n") }),
);
const tenant = fc.stringMatching(/^[\w-]{1,20}$/);

test("no id can bring a brace or a colon into a key", () => {
  fc.assert(
    fc.property(tenant, id, (tenant, id) => {
      expect(cacheKeys.entry(tenant, id)).toMatch(/^[\w-]+:cache:\{[^{}:]*\}:entry$/);
      expect(cacheKeys.lease(tenant, id)).toMatch(/^[\w-]+:cache:\{[^{}:]*\}:lease$/);
      expect(cacheKeys.group(tenant, id)).toMatch(/^[\w-]+:cache:\{[^{}:]*\}:group$/);
    }),
  );
});

test("a key tells its feature, whatever the id; nobody else's key does", () => {
  fc.assert(
    fc.property(tenant, id, (tenant, id) => {
      expect(featureOf(cacheKeys.entry(tenant, id))).toBe("cache");
      expect(featureOf(leaderboardKeys.notes(tenant, id, 3))).toBe("leaderboards");
      expect(featureOf(callKeys.call(tenant, "ops", id))).toBe("ops");
      expect(featureOf(sentryKeys.snapshot(id, "2026-11-23"))).toBe("sentry");
    }),
  );
  for (const other of [
    "",
    "acme:cache",
    "session:123",
    "acme:cache:{a}",
    "acme:ssn:{a}:entry",
    ".other:cache:{a}:entry",
    "a b:cache:{a}:entry",
    "x".repeat(99),
  ])
    expect(featureOf(other)).toBeUndefined();
});

test("two keys are the same only for the same tenant, part and id", () => {
  const coordinates = fc.record({ tenant, id, part: fc.constantFrom("entry", "lease", "group", "clock") });
  fc.assert(
    fc.property(coordinates, coordinates, (a, b) => {
      const key = ({ tenant, id, part }: typeof a) => cacheKeys[part](tenant, id);
      const same = a.tenant === b.tenant && a.part === b.part && (a.part === "clock" || a.id === b.id);
      expect(key(a) === key(b)).toBe(same);
    }),
    {
      examples: [
        [
          { tenant: "t", id: "groups", part: "clock" },
          { tenant: "t", id: "groups", part: "group" },
        ],
      ],
    },
  );
});

test("an entry and its lease share a slot whatever the id is", () => {
  fc.assert(
    fc.property(
      tenant,
      id.filter((text) => text !== ""),
      (tenant, id) => {
        expect(calculateSlot(cacheKeys.lease(tenant, id))).toBe(calculateSlot(cacheKeys.entry(tenant, id)));
      },
    ),
  );
});

test("ids of one tenant spread over the slots", () => {
  const slots = Array.from({ length: 1000 }, (_, index) =>
    calculateSlot(cacheKeys.entry("acme", `id-${index}`)),
  );
  expect(new Set(slots).size).toBeGreaterThan(900);
});

test("a lone surrogate is an error and never becomes another id", () => {
  expect(() => cacheKeys.entry("acme", "\ud800")).toThrow(URIError);
});
