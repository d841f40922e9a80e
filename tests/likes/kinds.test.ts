import { describe, expect, test } from "vitest";
import { parseConfig } from "../../lib/config.ts";
import { kindOf } from "../../lib/likes/kinds.ts";

const parse = (kinds: unknown, more: Record<string, string> = {}) =>
  parseConfig({ LIKES_KINDS: typeof kinds === "string" ? kinds : JSON.stringify(kinds), ...more }).likes
    .kinds;

describe("LIKES_KINDS is refused, and its reason told but not its value:", () => {
  test.each<[unknown, RegExp]>([
    ["{secret", /must be JSON such as/],
    ["[]", /must be JSON such as/],
    ['"secret"', /must be JSON such as/],
    ["5", /must be JSON such as/],
    [{ secret: null }, /must be JSON such as/],
    [{ secret: [] }, /must be JSON such as/],
    [{ "secret:x": {} }, /must name at most 100 kinds/],
    [{ "": {} }, /must name at most 100 kinds/],
    [
      Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`secret${at}`, {}])),
      /must name at most 100/,
    ],
    [{ post: { secret: 1 } }, /knows for a kind only/],
    [{ post: { reactions: "secret" } }, /reactions must be/],
    [{ post: { reactions: null } }, /reactions must be/],
    [{ post: { reactions: null, claps: 5 } }, /reactions must be/],
    [{ post: { reactions: [null] } }, /reactions must be/],
    [{ post: { reactions: { length: 1 } } }, /reactions must be/],
    [{ post: { reactions: [] } }, /reactions must be/],
    [{ post: { reactions: ["secret", "secret"] } }, /different names/],
    [{ post: { reactions: ["1secret"] } }, /reactions must be/],
    [{ post: { reactions: ["a b"] } }, /reactions must be/],
    [{ post: { reactions: [":partitions"] } }, /reactions must be/],
    [{ post: { reactions: Array.from({ length: 21 }, (_, at) => `r${at}`) } }, /1 to 20 different/],
    [{ post: { several: "yes" } }, /several must be true or false/],
    [{ post: { approximate: 1 } }, /approximate must be true or false/],
    [{ post: { claps: 0 } }, /claps must be a whole number/],
    [{ post: { claps: 1.5 } }, /claps must be a whole number/],
    [{ post: { claps: "5" } }, /claps must be a whole number/],
    [{ post: { promoteAt: -1 } }, /promoteAt must be a whole number/],
    [{ post: { claps: 5, reactions: ["a", "b"] } }, /with claps has one reaction/],
    [{ post: { claps: 5, several: true } }, /with claps has one reaction/],
    [{ post: { approximate: true, reactions: ["a", "b"] } }, /approximate has one reaction/],
    [{ post: { approximate: true, claps: 5 } }, /approximate has one reaction, and no claps/],
    [{ post: { promoteAt: 5, several: true } }, /approximate has one reaction/],
    [{ post: { approximate: true, promoteAt: 5 } }, /leave out promoteAt/],
    [{ post: { promoteAt: 10_001 } }, /promoteAt must not exceed LIKES_PARTITION_MEMBERS/],
  ])("%j", (kinds, reason) => {
    expect(() => parse(kinds)).toThrow(reason);
    expect(() => parse(kinds)).toThrow(/^Wrong configuration. LIKES_KINDS: /);
    expect(() => parse(kinds)).not.toThrow(/secret/);
  });
});

test("whatever shape a setting of a kind has, it is taken or its reason told", () => {
  const shapes = [null, true, false, 0, 1, -1, 1.5, 1e300, "", "like", [], ["like"], [null], [["like"]], {}];
  for (const name of ["reactions", "several", "claps", "approximate", "promoteAt", "__proto__", "length"])
    for (const shape of shapes) {
      const text = `{"post": {${JSON.stringify(name)}: ${JSON.stringify(shape)}}}`;
      try {
        expect(parse(text).post).toMatchObject({ [name]: shape });
      } catch (error) {
        expect((error as Error).message, text).toMatch(/^Wrong configuration. LIKES_KINDS: /);
      }
    }
});

test.each(["year", "day,year", "day,,Hour"])("LIKES_TRENDING knows three windows: %s", (text) => {
  expect(() => parseConfig({ LIKES_TRENDING: text })).toThrow("LIKES_TRENDING: must be hour, day or week");
});

test("the kind of a subject is what is before its first colon, or the star, or a like", () => {
  const kinds = parse({ post: { claps: 5 }, "*": { reactions: ["star"] } });
  expect(kindOf(kinds, "post:1").claps).toBe(5);
  expect(kindOf(kinds, "post:1:2").claps).toBe(5);
  expect(kindOf(kinds, "post:").claps).toBe(5);
  for (const subject of ["post", "page:1", "posts:1", ":post", "constructor:1", "*:1", "__proto__:1"])
    expect(kindOf(kinds, subject).reactions, subject).toEqual(["star"]);
  expect(kindOf({}, "post:1")).toEqual({ reactions: ["like"], several: false, approximate: false });
});

test("a size from which on likes are estimated may be as far as one partition goes", () => {
  expect(parse({ video: { promoteAt: 500 } }, { LIKES_PARTITION_MEMBERS: "500" }).video?.promoteAt).toBe(500);
});
