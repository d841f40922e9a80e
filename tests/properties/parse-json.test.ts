import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "../../lib/parse-json.ts";

/** Names of one character that JSON writes as an escape, and others; as pairs, so that no test trusts JSON.parse. */
const name = fc.constantFrom(
  ...(
    [
      ["\\", "\\\\"],
      ['"', '\\"'],
      ["\n", "\\n"],
      ["/", "\\/"],
      ["é", "\\u00e9"],
      ["\0", "\\u0000"],
      ["a", "\\u0061"],
      ["a", "a"],
      ['a"\n', 'a\\"\\n'],
      ["a\\", "a\\\\"],
      ["", ""],
      ["__proto__", "__proto__"],
    ] as const
  ).map(([value, written]) => ({ value, written })),
);
const members = fc.uniqueArray(name, { selector: ({ value }) => value, maxLength: 6 });

test("objects have the names that were written, whatever was parsed before", () => {
  const property = fc.property(members, fc.boolean(), (chosen, spaced) => {
    const colon = spaced ? " \n:" : ":";
    const text = chosen.map(({ written }, index) => `"${written}"${colon}["${written}",{"b":${index}}]`);
    const parsed = parseJson(`{${text.join(",")}}`) as object;
    expect(Object.getOwnPropertyNames(parsed).sort()).toEqual(chosen.map(({ value }) => value).sort());
    for (const [index, { value }] of chosen.entries())
      expect(Object.getOwnPropertyDescriptor(parsed, value)?.value).toEqual([value, { b: index }]);
  });
  fc.assert(property, { numRuns: 2000 });
});

test("what is no JSON is an error", () => {
  for (const text of ["", "{", '{"\\":1}', '{"\\x":1}', '{"a":1,}', '"\\n":1'])
    expect(() => parseJson(text), text).toThrow(SyntaxError);
});
