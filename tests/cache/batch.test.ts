import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { handler } from "../../functions/cache/handler.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi, httpEvent, lambdaContext, uniqueTenant } from "../api.ts";
import { mintToken } from "../token.ts";

const tenant = uniqueTenant();
const api = createApi(handler, cacheContract, tenant);
const batchGet = async (keys: string[]) =>
  (await api("POST", "/v1/cache/batch-get", { body: { keys } })).json.entries;
const batchPut = async (entries: object[]) =>
  (await api("POST", "/v1/cache/batch-put", { body: { entries } })).json.results;

test("each entry of a batch is what a single put and get would make of it", async () => {
  const results = await batchPut([
    { key: "text", value: "grüße", contentType: "text/plain", cacheControl: "max-age=60", groups: ["g"] },
    { key: "bytes", value: Buffer.from([0, 255]).toString("base64"), encoding: "base64" },
    { key: "absent", absent: true },
    { key: "stale", value: "old", cacheControl: "max-age=0, stale-while-revalidate=60" },
  ]);
  expect(results.map(({ status }: { status: string }) => status)).toEqual(Array(4).fill("created"));
  const single = await api("GET", "/v1/cache/entries/text");
  expect([single.text, single.headers["content-type"], single.headers.etag]).toEqual([
    "grüße",
    "text/plain",
    results[0].etag,
  ]);

  const found = await batchGet(["stale", "nothing", "absent", "bytes", "text", "text"]);
  expect(found.map(({ key, status }: { key: string; status: string }) => [key, status])).toEqual([
    ["stale", "stale"],
    ["nothing", "miss"],
    ["absent", "known_absent"],
    ["bytes", "hit"],
    ["text", "hit"],
    ["text", "hit"],
  ]);
  expect(found[3]).toMatchObject({
    value: "AP8=",
    encoding: "base64",
    contentType: "application/octet-stream",
  });
  expect(found[4]).toMatchObject({ value: "grüße", encoding: "utf8", etag: results[0].etag, ageSeconds: 0 });
});

test("entries succeed and fail by themselves", async () => {
  const [first] = await batchPut([{ key: "there", value: "1" }]);
  const miss = await api("GET", "/v1/cache/entries/leased", { query: { lease: "10" } });
  const results = await batchPut([
    { key: "there", value: "2", ifNoneMatch: "*" },
    { key: "new", value: "2", ifNoneMatch: "*" },
    { key: "swap", value: "2", ifMatch: first.etag },
    { key: "leased", value: "2", lease: miss.headers["cache-lease"] },
    { key: "lost", value: "2", lease: miss.headers["cache-lease"] },
  ]);
  expect(results.map(({ status }: { status: string }) => status)).toEqual([
    "precondition_failed",
    "created",
    "precondition_failed",
    "created",
    "lease_lost",
  ]);
  expect(results[0].etag).toBeUndefined();
  expect(
    (await batchGet(["there", "new", "swap", "lost"])).map(({ value }: { value?: string }) => value),
  ).toEqual(["1", "2", undefined, undefined]);
});

test("a hundred entries fit, and share what an answer can hold", async () => {
  const keys = Array.from({ length: 100 }, (_, i) => `hundred-${i}`);
  await batchPut(keys.map((key, i) => ({ key, value: "x".repeat(i === 0 ? 60_000 : 1000) })));
  const found = await batchGet(keys);
  expect(found[0]).toMatchObject({ status: "too_large", contentType: "application/octet-stream" });
  expect(found[0].value).toBeUndefined();
  expect(found.slice(1).every(({ value }: { value: string }) => value.length === 1000)).toBe(true);
  expect((await batchGet(["hundred-0"]))[0].status).toBe("hit");
});

test.each([
  ["NUL, which takes six characters in JSON", Buffer.alloc(650_000), "base64"],
  [
    "quotes, which are escaped again in what Lambda sends",
    Buffer.alloc(650_000, '{"a":"b","c":"d"},'),
    "utf8",
  ],
  ["noise", randomBytes(650_000), "base64"],
])("an answer full of %s stays below the 6 MiB that Lambda can send", async (_, body, encoding) => {
  await api("PUT", "/v1/cache/entries/large", { body });
  const event = httpEvent(
    "POST",
    "/v1/cache/batch-get",
    { body: { keys: Array(4).fill("large") } },
    await mintToken({ tenant }),
  );
  const result = await handler(event, lambdaContext());
  expect(JSON.stringify(result).length).toBeLessThan(6_291_556);
  const found = await batchGet(Array(4).fill("large"));
  expect(found[3]).toMatchObject({ status: "hit", encoding });
  expect(Buffer.from(found[3].value, encoding as BufferEncoding).equals(body)).toBe(true);
});

test.each([
  ["no keys", "batch-get", { keys: [] }],
  ["101 keys", "batch-get", { keys: Array.from({ length: 101 }, String) }],
  ["an empty key", "batch-get", { keys: [""] }],
  ["a lone surrogate", "batch-get", { keys: ["\ud800"] }],
  ["no entries", "batch-put", { entries: [] }],
  [
    "101 entries",
    "batch-put",
    { entries: Array.from({ length: 101 }, (_, i) => ({ key: `${i}`, value: "" })) },
  ],
  ["a key twice", "batch-put", { entries: [{ key: "a" }, { key: "a" }] }],
  ["an unknown field", "batch-put", { entries: [{ key: "a", ttl: 5 }] }],
  ["a wrong type", "batch-put", { entries: [{ key: "a", value: 5 }] }],
  ["no base64", "batch-put", { entries: [{ key: "a", value: "!!", encoding: "base64" }] }],
  ["an absence with a value", "batch-put", { entries: [{ key: "a", value: "x", absent: true }] }],
  ["a bad life", "batch-put", { entries: [{ key: "a", cacheControl: "max-age=-1" }] }],
  ["a bad group", "batch-put", { entries: [{ key: "a", groups: ["ü"] }] }],
])("%s is refused and changes nothing", async (_, verb, body) => {
  const first = { key: "untouched", value: "x" };
  const sent = "entries" in body && body.entries.length > 0 ? { entries: [first, ...body.entries] } : body;
  const answer = await api("POST", `/v1/cache/${verb}`, { body: sent });
  expect([answer.status, answer.json.code]).toEqual([400, "invalid_request"]);
  expect((await batchGet(["untouched"]))[0].status).toBe("miss");
});

test("one value over the limit refuses the batch", async () => {
  const entries = [
    { key: "small", value: "x" },
    { key: "large", value: "x".repeat(1_048_577) },
  ];
  const answer = await api("POST", "/v1/cache/batch-put", { body: { entries } });
  expect([answer.status, answer.json.code]).toEqual([413, "body_too_large"]);
  expect((await batchGet(["small"]))[0].status).toBe("miss");
});
