import { expect, test } from "vitest";
import { handler } from "../../functions/cache/handler.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { type CallOptions, createApi } from "../api.ts";

const api = createApi(handler, cacheContract);
const ENTRIES = "/v1/cache/entries/";
const MONTH = 2_592_000;

test.each([
  ["an empty key", ""],
  ["a key of 513 bytes", "k".repeat(513)],
  ["a key of 171 three-byte characters", "%E2%82%AC".repeat(171)],
  ["NUL", "a%00b"],
  ["a lone surrogate", "%ED%A0%80"],
  ["half of a sequence", "%C3"],
  ["no hexadecimal", "%zz"],
  ["a lonely percent", "100%"],
])("%s in the path is refused by every operation", async (_, key) => {
  for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
    const answer = await api(method, `${ENTRIES}${key}`, { ...(method === "PUT" && { body: "x" }) });
    expect(answer.status).toBe(400);
    if (method !== "HEAD") expect(answer.json.code).toBe("invalid_request");
  }
});

const put = (headers: Record<string, string>, query?: Record<string, string>): CallOptions => ({
  body: "changed",
  headers,
  ...(query && { query }),
});

test.each<[string, CallOptions]>([
  ["max-age=-1", put({ "cache-control": "max-age=-1" })],
  ["max-age=NaN", put({ "cache-control": "max-age=NaN" })],
  ["max-age=1e3", put({ "cache-control": "max-age=1e3" })],
  ["max-age=1.5", put({ "cache-control": "max-age=1.5" })],
  ["max-age=Infinity", put({ "cache-control": "max-age=Infinity" })],
  ["max-age without a value", put({ "cache-control": "max-age" })],
  ["max-age over the limit", put({ "cache-control": `max-age=${MONTH + 1}` })],
  ["a huge max-age", put({ "cache-control": "max-age=99999999999999999999" })],
  ["a stale window over the limit", put({ "cache-control": `max-age=1, stale-while-revalidate=${MONTH}` })],
  ["an error window over the limit", put({ "cache-control": `max-age=1, stale-if-error=${MONTH}` })],
  ["no life at all", put({ "cache-control": "max-age=0" })],
  ["no-store", put({ "cache-control": "no-store" })],
  ["a directive twice", put({ "cache-control": "max-age=1, max-age=2" })],
  ["an unfinished quote", put({ "cache-control": 'max-age="1' })],
  ["a nameless directive", put({ "cache-control": "=1" })],
  ["two words", put({ "cache-control": "max age=1" })],
  ["groups without quotes", put({ "cache-groups": "a, b" })],
  ["an unfinished group", put({ "cache-groups": '"a' })],
  ["a number as group", put({ "cache-groups": "1" })],
  ["an inner list of groups", put({ "cache-groups": '("a" "b")' })],
  ["an empty group", put({ "cache-groups": '""' })],
  ["a group of 257 characters", put({ "cache-groups": `"${"g".repeat(257)}"` })],
  ["129 groups", put({ "cache-groups": Array.from({ length: 129 }, (_, i) => `"${i}"`).join(", ") })],
  ["a tag without quotes", put({ "if-match": "abc" })],
  ["half a tag", put({ "if-match": '"abc' })],
  ["an empty tag list", put({ "if-match": "" })],
  ["a tag list of nothing but commas", put({ "if-match": ", ," })],
  ["create-only with a tag", put({ "if-none-match": '"abc"' })],
  ["a lease nobody gave", put({ "cache-lease": "abc" })],
  ["a lease of odd bytes", put({ "cache-lease": "%%%" })],
  ["jitter over 50", put({}, { jitter: "51" })],
  ["negative jitter", put({}, { jitter: "-1" })],
  ["absent=yes", put({}, { absent: "yes" })],
  ["absent with a body", put({}, { absent: "true" })],
  ["an unknown query parameter", put({}, { ttl: "5" })],
])("%s is refused and the entry stays as it was", async (_, options) => {
  await api("PUT", `${ENTRIES}kept`, { body: "before" });
  const answer = await api("PUT", `${ENTRIES}kept`, options);
  expect([answer.status, answer.json.code]).toEqual([400, "invalid_request"]);
  expect(answer.json.errors.length).toBeGreaterThan(0);
  expect((await api("GET", `${ENTRIES}kept`)).text).toBe("before");
});

test.each([
  { lease: "0" },
  { lease: "61" },
  { lease: "-1" },
  { lease: "1.5" },
  { lease: "abc" },
  { lease: "" },
  { lease: "1,2" },
  { wait: "0" },
  { wait: "21" },
  { lease: "99999999999" },
  { leese: "10" },
])("the query %j is refused", async (query) => {
  expect((await api("GET", `${ENTRIES}query`, { query })).json.code).toBe("invalid_request");
});

test("a tag that is no tag is refused on a read", async () => {
  expect((await api("GET", `${ENTRIES}x`, { headers: { "if-none-match": "abc" } })).status).toBe(400);
});

test("the limit of a body is exact", async () => {
  expect((await api("PUT", `${ENTRIES}size`, { body: Buffer.alloc(1_048_576) })).status).toBe(201);
  for (const body of [Buffer.alloc(1_048_577), "x".repeat(1_048_577), "ü".repeat(524_289)]) {
    const answer = await api("PUT", `${ENTRIES}size`, { body });
    expect([answer.status, answer.json.code]).toEqual([413, "body_too_large"]);
  }
});

test.each(["%00", "ü".repeat(3), "g".repeat(257), ""])(
  "the group %j cannot be invalidated",
  async (group) => {
    expect((await api("DELETE", `/v1/cache/groups/${group}`)).status).toBe(400);
  },
);

test("directives for other caches are allowed and ignored", async () => {
  const headers = { "cache-control": 'public, max-age=5, immutable, private="set-cookie, x", x-own=1,,' };
  expect((await api("PUT", `${ENTRIES}lenient`, { body: "x", headers })).status).toBe(201);
});

test("a shared cache obeys s-maxage first", async () => {
  await api("PUT", `${ENTRIES}shared`, {
    body: "x",
    headers: { "cache-control": "max-age=5, S-MaxAge=500" },
  });
  expect((await api("GET", `${ENTRIES}shared`)).headers["cache-control"]).toMatch(/^max-age=(499|500)$/);
});

test.each<[object, string, RegExp]>([
  [{ entries: [{ key: "a", ttl: 5 }] }, "body.entries.0", /"ttl"/],
  [{ entries: [{ key: "a", value: 5 }] }, "body.entries.0.value", /string/],
  [{ entries: "a" }, "body.entries", /array/],
  [{ entries: [{ key: "a", encoding: "hex" }] }, "body.entries.0.encoding", /"utf8"/],
  [{ entries: [{ key: "" }] }, "body.entries.0.key", /must not be empty/],
  [{}, "body.entries", /array/],
])("the problem says where %j is wrong, and why", async (body, path, message) => {
  const { json } = await api("POST", "/v1/cache/batch-put", { body });
  expect(json.errors).toContainEqual({ path, message: expect.stringMatching(message) });
});

test("a malformed Cache-Control is refused on a read too, and no-store is fine there", async () => {
  const read = (field: string) => api("GET", `${ENTRIES}read`, { headers: { "cache-control": field } });
  expect((await read("max-age=x")).json.code).toBe("invalid_request");
  expect((await read("no-store, max-age=0")).json.code).toBe("cache_miss");
});

test("groups are at most 4096 characters together, so that a lease can name them", async () => {
  const groups = (length: number) => Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(length, "x"));
  const put = (names: string[]) =>
    api("POST", "/v1/cache/batch-put", { body: { entries: [{ key: "grouped", groups: names }] } });
  expect((await put(groups(64))).status).toBe(200);
  expect((await put(groups(65))).status).toBe(400);
});
