import { afterAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeSessions } from "../composition.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeSessions(inject("redisUrl"));
const { begin, get, patch } = createCaller(sandbox.api);
afterAll(() => sandbox.connection.close());

/** The data of a session after one patch. */
async function patched(data: object, change: object): Promise<unknown> {
  const { session } = await begin("patches", { data });
  const answer = await patch(session.id, change);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json.session.data).toEqual((await get(session.id)).json.session.data);
  return answer.json.session.data;
}

test.each<[object, object, object]>([
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])("RFC 7396, appendix A: %j patched with %j is %j", async (data, change, result) => {
  expect(await patched(data, change)).toEqual(result);
});

test.each<[object, object, object]>([
  [{ a: [] }, { b: {} }, { a: [], b: {} }],
  [{ a: {} }, { a: [] }, { a: [] }],
  [{ a: [null, { b: null }] }, { c: [{ d: null }] }, { a: [null, { b: null }], c: [{ d: null }] }],
  [{ a: 1 }, { a: { b: null } }, { a: {} }],
  [{ a: "null" }, { b: "null" }, { a: "null", b: "null" }],
  [{ a: { b: 1 } }, { a: {} }, { a: { b: 1 } }],
  [
    { 1: "a", 2: "b" },
    { 3: "c", 1: null },
    { 2: "b", 3: "c" },
  ],
])(
  "what a script could take for another thing stays what it is: %j with %j is %j",
  async (data, change, result) => {
    expect(await patched(data, change)).toEqual(result);
  },
);

test("a patch may come as JSON or as a merge patch, and as nothing else", async () => {
  const { session } = await begin("types");
  for (const type of ["application/json", "application/merge-patch+json; charset=utf-8"])
    expect((await patch(session.id, { [type]: 1 }, { "content-type": type })).status).toBe(200);
  for (const type of ["text/plain", "application/json-patch+json", "application/merge-patch"]) {
    const answer = await patch(session.id, { no: 1 }, { "content-type": type });
    expect(outcomeOf(answer)).toBe("415 media_type_unsupported");
    expect(answer.headers["accept-patch"]).toBe("application/merge-patch+json, application/json");
  }
  expect(Object.keys((await get(session.id)).json.session.data)).toHaveLength(2);
});

test("each patch counts the version up, and is an entity tag", async () => {
  const { session } = await begin("versions");
  for (const version of [2, 3]) {
    const answer = await patch(session.id, { version });
    expect([answer.json.session.version, answer.headers.etag]).toEqual([version, `"${version}"`]);
  }
  expect((await get(session.id)).headers.etag).toBe('"3"');
});

test.each([
  ['"1"', 200],
  ['"7", "1"', 200],
  ["*", 200],
  ['"2"', 412],
  ['"01"', 412],
  ['W/"1"', 412],
  ['"*"', 412],
  ['""', 412],
  ['"1 2"', 400],
  ["1", 400],
])("If-Match: %s on the first version is a %i", async (tag, status) => {
  const { session } = await begin("conditions", { data: { a: 1 } });
  const answer = await patch(session.id, { a: 2 }, { "if-match": tag });
  expect(answer.status).toBe(status);
  expect((await get(session.id)).json.session).toMatchObject(
    status === 200 ? { data: { a: 2 }, version: 2 } : { data: { a: 1 }, version: 1 },
  );
});

test("of many patches on one version at once exactly one succeeds", async () => {
  const { session } = await begin("race");
  const patches = Array.from({ length: 30 }, (_, i) => patch(session.id, { i }, { "if-match": '"1"' }));
  const outcomes = (await Promise.all(patches)).map(outcomeOf);
  expect(outcomes.filter((outcome) => outcome === "200")).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === "412 precondition_failed")).toHaveLength(29);
});

test("patches of different fields at once all survive, at whatever depth", async () => {
  const { session } = await begin("fields", { data: { deep: { kept: true } } });
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      patch(session.id, i % 2 ? { [`f${i}`]: i } : { deep: { [`f${i}`]: i } }),
    ),
  );
  const { data, version } = (await get(session.id)).json.session;
  const numbers = Array.from({ length: 50 }, (_, i) => i);
  const fields = (rest: number) => numbers.filter((i) => i % 2 === rest).map((i) => [`f${i}`, i]);
  expect(data).toEqual({
    ...Object.fromEntries(fields(1)),
    deep: { kept: true, ...Object.fromEntries(fields(0)) },
  });
  expect(version).toBe(51);
});

/** Fields that fill `{}` to so many bytes of JSON. */
const filling = (bytes: number, name = "x") => ({
  [name]: "y".repeat(bytes - JSON.stringify({ [name]: "" }).length),
});

test("the limit of the data is exact, for what is sent and for what a patch makes of it", async () => {
  const { session } = await begin("limit", { data: filling(32_768) });
  expect(outcomeOf(await patch(session.id, { a: 1 }))).toBe("413 data_too_large");
  expect(outcomeOf(await patch(session.id, { a: 1, x: "" }))).toBe("200");
  expect(outcomeOf(await patch(session.id, { x: null, a: null }))).toBe("200");
  expect(outcomeOf(await patch(session.id, filling(32_768)))).toBe("200");
  expect(outcomeOf(await patch(session.id, filling(32_769)))).toBe("400 invalid_request");
  expect(outcomeOf(await patch(session.id, { b: 1 }))).toBe("413 data_too_large");
  const { data, version } = (await get(session.id)).json.session;
  expect(JSON.stringify(data)).toHaveLength(32_768);
  expect(["b" in data, version]).toEqual([false, 4]);
});

test.each(['"', "\n", "\u0001", "ü", "𝄞", "/", "\u007f", "\\"])(
  "names of %j count as many bytes as they have in JSON",
  async (character) => {
    const names = (prefix: string) => ({ [prefix + character.repeat(500)]: 1 });
    const bytes = Buffer.byteLength(JSON.stringify(names("99"))) - 1;
    const { session } = await begin("names");
    const fits = Math.floor(32_767 / bytes);
    for (let i = 10; i < 10 + fits; i += 10) {
      const some = Array.from({ length: Math.min(10, 10 + fits - i) }, (_, j) => names(`${i + j}`));
      expect(outcomeOf(await patch(session.id, Object.assign({}, ...some)))).toBe("200");
    }
    expect(outcomeOf(await patch(session.id, names("00")))).toBe("413 data_too_large");
  },
);

test("16 levels are allowed and a 17th is not, of objects as of arrays", async () => {
  const nested = (levels: number, inner: (text: string) => string) => {
    let text = "1";
    for (let level = 1; level < levels; level++) text = inner(text);
    return `{"a":${text}}`;
  };
  const { session } = await begin("depth");
  for (const inner of [(text: string) => `{"a":${text}}`, (text: string) => `[${text}]`]) {
    expect((await patch(session.id, nested(16, inner))).status).toBe(200);
    expect(outcomeOf(await patch(session.id, nested(17, inner)))).toBe("400 invalid_request");
  }
});
