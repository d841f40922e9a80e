import fc from "fast-check";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** The pseudocode of RFC 7396, section 2. */
export function mergePatch(target: Json | undefined, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isObject(value) ? mergePatch(merged.get(name), value) : value);
  }
  return Object.fromEntries(merged);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON.parse of Node.js 24 takes a name with an escape for one with a backslash that it has met before. */
const UNSAFE = /^(__proto__|constructor|prototype)$|\\/;

/** Few names, so that patches meet what is there, and those that a parser may stumble over. */
const name = fc
  .oneof(
    { weight: 3, arbitrary: fc.constantFrom("a", "b", "c") },
    fc.constantFrom("", "0", "1", "-1", "1e3", "null", "toString", "hasOwnProperty", "length", '"', "/"),
    fc.string({ unit: "grapheme", maxLength: 8 }),
    fc.string({
      unit: fc.constantFrom("\0", "\u001f", "\u007f", "\u2028", "\n", "𝄞", "é", "[", "{"),
      maxLength: 4,
    }),
  )
  .filter((text) => text.isWellFormed() && !UNSAFE.test(text));

const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(1e21, 0.1, 2 ** 53, 1e-7, 1.7976931348623157e308, 5e-324, 1e14, 123456789012345680000),
);
const scalar = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  fc.boolean(),
  number.map((value) => value + 0), // no negative zero: JSON has none to tell
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("null", "{}", "[]", "", '"', "\\u0000"),
);

const { object } = fc.letrec<{ value: Json; object: JsonObject; array: Json[] }>((tie) => ({
  value: fc.oneof({ depthSize: "small", withCrossShrink: true }, scalar, tie("object"), tie("array")),
  object: fc.dictionary(name, tie("value"), {
    maxKeys: 4,
    noNullPrototype: true,
  }) as fc.Arbitrary<JsonObject>,
  array: fc.array(tie("value"), { maxLength: 3 }),
}));

/** The data of a session, or a patch of it. */
export const jsonObject = object.filter((value) => depthOf(value) <= 16);

function depthOf(value: Json): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
