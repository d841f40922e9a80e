import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { handler } from "../../functions/cache/handler.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi, uniqueTenant } from "../api.ts";
import { bareClient } from "../provided-redis.ts";

const api = createApi(handler, cacheContract);
const path = (key: string) => `/v1/cache/entries/${encodeURIComponent(key)}`;

test("a stored value comes back byte for byte with its type and tag", async () => {
  const body = Buffer.from([0, 255, 1, 128, 10, 13]);
  const put = await api("PUT", path("bytes"), { body, headers: { "content-type": "image/x-own" } });
  expect(put.status).toBe(201);
  const got = await api("GET", path("bytes"));
  expect(got.status).toBe(200);
  expect(got.body.equals(body)).toBe(true);
  expect(got.headers["content-type"]).toBe("image/x-own");
  expect(got.headers.etag).toBe(put.headers.etag);
  expect(got.headers.etag).toMatch(/^"[\w-]+"$/);
});

test("a body sent as base64 and the same body sent as text are one entry", async () => {
  const headers = { "content-type": "text/plain" };
  const asText = await api("PUT", path("twice"), { body: "grüße", headers });
  const asBase64 = await api("PUT", path("twice"), { body: Buffer.from("grüße"), headers });
  expect([asText.status, asBase64.status]).toEqual([201, 204]);
  expect(asBase64.headers.etag).toBe(asText.headers.etag);
  expect((await api("GET", path("twice"))).text).toBe("grüße");
});

test.each([
  ["empty", Buffer.alloc(0)],
  ["a compressible mebibyte", Buffer.alloc(1_048_576, "abc ")],
  ["a mebibyte of zeros", Buffer.alloc(1_048_576)],
  [
    "an incompressible mebibyte",
    crypto
      .getRandomValues(Buffer.alloc(1_048_576 / 16))
      .toString("hex")
      .repeat(8),
  ],
])("%s is kept whole", async (name, body) => {
  expect((await api("PUT", path(name), { body })).status).toBe(201);
  const got = await api("GET", path(name));
  expect(got.body.equals(Buffer.from(body))).toBe(true);
});

test("a large compressible value takes a fraction of its size in Redis, an incompressible one no more than it is", async () => {
  const tenant = uniqueTenant();
  const own = createApi(handler, cacheContract, tenant);
  const redis = bareClient();
  const stored = async (key: string, body: Buffer) => {
    await own("PUT", path(key), { body });
    return redis.hstrlen(`${tenant}:cache:{${key}}:entry`, "body");
  };
  expect(await stored("text", Buffer.alloc(100_000, "compress me "))).toBeLessThan(5000);
  expect(await stored("noise", randomBytes(100_000))).toBe(100_000);
  expect(await stored("small", Buffer.alloc(100, "a"))).toBe(100);
  redis.disconnect();
});

test.each(["a/b//c", "100%", "ü€𝄞", "a b+c", "{x}:y", "?q#f", "..", "\u0001", "k".repeat(512), "%2F"])(
  "the key %j names its own entry",
  async (key) => {
    await api("PUT", path(key), { body: key });
    expect((await api("GET", path(key))).text).toBe(key);
  },
);

test("HEAD has the headers of GET, the length, and no body", async () => {
  await api("PUT", path("head"), { body: "12345", headers: { "content-type": "text/plain" } });
  const [head, get] = [await api("HEAD", path("head")), await api("GET", path("head"))];
  expect(head.status).toBe(200);
  expect(head.body.length).toBe(0);
  expect(head.headers).toMatchObject({
    etag: get.headers.etag,
    "content-type": "text/plain",
    "content-length": "5",
  });
  expect(Object.keys(head.headers).sort()).toEqual([...Object.keys(get.headers), "content-length"].sort());
  expect((await api("HEAD", path("nothing"))).status).toBe(404);
});

test("a content coding is kept beside the bytes", async () => {
  const body = gzipSync("zipped by the caller");
  await api("PUT", path("gzip"), {
    body,
    headers: { "content-encoding": "gzip", "content-type": "text/plain" },
  });
  const got = await api("GET", path("gzip"));
  expect(got.headers["content-encoding"]).toBe("gzip");
  expect(got.body.equals(body)).toBe(true);
});

test("the same bytes of another type have another tag", async () => {
  const put = (type: string) => api("PUT", path(type), { body: "x", headers: { "content-type": type } });
  const [one, other, again] = [await put("text/a"), await put("text/b"), await put("text/a")];
  expect(other.headers.etag).not.toBe(one.headers.etag);
  expect(again.headers.etag).toBe(one.headers.etag);
});

test("age grows, what is left of the life shrinks, and then the entry is gone", async () => {
  await api("PUT", path("life"), { body: "x", headers: { "cache-control": "max-age=2" } });
  const young = await api("GET", path("life"));
  expect(young.headers.age).toBe("0");
  expect(young.headers["cache-control"]).toMatch(/^max-age=[12]$/);
  expect(young.headers["cache-status"]).toMatch(/^redigate; hit; ttl=[12]$/);
  await sleep(1100);
  const older = await api("GET", path("life"));
  expect(older.headers).toMatchObject({ age: "1", "cache-control": "max-age=0" });
  await sleep(1000);
  const gone = await api("GET", path("life"));
  expect([gone.status, gone.json.code]).toEqual([404, "cache_miss"]);
  expect(gone.headers["cache-status"]).toBe("redigate; fwd=miss");
});

test("a stale entry is served in its window and says so", async () => {
  const headers = { "cache-control": "max-age=0, stale-while-revalidate=30" };
  await api("PUT", path("stale"), { body: "old", headers });
  const got = await api("GET", path("stale"));
  expect([got.status, got.text]).toEqual([200, "old"]);
  expect(got.headers["cache-status"]).toMatch(/^redigate; hit; ttl=-\d+; detail=stale$/);
  expect(got.headers["cache-control"]).toMatch(/^max-age=0, stale-while-revalidate=\d+$/);
});

test("an entry kept for errors is served only to a caller who says that its origin failed", async () => {
  await api("PUT", path("error"), {
    body: "old",
    headers: { "cache-control": "max-age=1, stale-if-error=60" },
  });
  await sleep(1050);
  expect((await api("GET", path("error"))).json.code).toBe("cache_miss");
  const failing = (seconds: number) => ({ headers: { "cache-control": `stale-if-error=${seconds}` } });
  expect((await api("GET", path("error"), failing(60))).text).toBe("old");
  expect((await api("GET", path("error"), failing(0))).status).toBe(404);
});

test("jitter shortens the life, by no more than was asked", async () => {
  const lives = new Set<number>();
  for (let i = 0; i < 20; i++) {
    await api("PUT", path("jitter"), {
      body: "x",
      query: { jitter: "50" },
      headers: { "cache-control": "max-age=1000" },
    });
    const left = Number(
      /max-age=(\d+)/.exec((await api("GET", path("jitter"))).headers["cache-control"] ?? "")?.[1],
    );
    expect(left).toBeGreaterThanOrEqual(499);
    expect(left).toBeLessThanOrEqual(1000);
    lives.add(left);
  }
  expect(lives.size).toBeGreaterThan(5);
});

test("an absence is remembered and a value ends it", async () => {
  const headers = { "cache-control": "max-age=60" };
  expect((await api("PUT", path("absent"), { query: { absent: "true" }, headers })).status).toBe(201);
  const known = await api("GET", path("absent"));
  expect([known.status, known.json.code]).toEqual([404, "known_absent"]);
  expect(known.headers["cache-status"]).toMatch(/^redigate; hit; ttl=\d+; detail=known_absent$/);
  expect((await api("PUT", path("absent"), { body: "now", headers: { "if-none-match": "*" } })).status).toBe(
    201,
  );
  expect((await api("GET", path("absent"))).text).toBe("now");
});

test("a caller who has the entry gets 304 and no body", async () => {
  const { headers } = await api("PUT", path("304"), { body: "x" });
  const etag = headers.etag ?? "";
  for (const tag of [etag, `"other", ${etag}`, `"with,comma",${etag}`, `W/${etag}`, "*"]) {
    const got = await api("GET", path("304"), { headers: { "if-none-match": tag } });
    expect([got.status, got.headers.etag, got.text]).toEqual([304, etag, ""]);
  }
  expect((await api("GET", path("304"), { headers: { "if-none-match": '"other"' } })).status).toBe(200);
});

test("create-only and compare-and-set do what they say", async () => {
  const create = () => api("PUT", path("cas"), { body: "1", headers: { "if-none-match": "*" } });
  const swap = (body: string, tag: string) => api("PUT", path("cas"), { body, headers: { "if-match": tag } });
  expect((await swap("0", "*")).json.code).toBe("precondition_failed");
  const created = await create();
  expect(created.status).toBe(201);
  expect((await create()).status).toBe(412);
  const first = created.headers.etag ?? "";
  const second = await swap("2", `"other", ${first}`);
  expect(second.status).toBe(204);
  expect((await swap("3", first)).status).toBe(412);
  expect((await swap("3", `W/${second.headers.etag}`)).status).toBe(412);
  expect((await swap("3", "*")).status).toBe(204);
  expect((await api("GET", path("cas"))).text).toBe("3");
});

test("a quoted star is a tag, not the star", async () => {
  await api("PUT", path("star"), { body: "kept" });
  expect((await api("PUT", path("star"), { body: "x", headers: { "if-match": '"*"' } })).status).toBe(412);
  expect((await api("GET", path("star"), { headers: { "if-none-match": '"*"' } })).text).toBe("kept");
});

test("of many concurrent compare-and-sets on one tag exactly one succeeds", async () => {
  const { headers } = await api("PUT", path("race"), { body: "start" });
  const puts = Array.from({ length: 50 }, (_, i) =>
    api("PUT", path("race"), { body: `winner ${i}`, headers: { "if-match": headers.etag ?? "" } }),
  );
  const statuses = (await Promise.all(puts)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 204)).toHaveLength(1);
  expect(statuses.filter((status) => status === 412)).toHaveLength(49);
});

test("a removed entry is gone, and removing it again is fine", async () => {
  await api("PUT", path("remove"), { body: "x" });
  expect((await api("DELETE", path("remove"))).status).toBe(204);
  expect((await api("DELETE", path("remove"))).status).toBe(204);
  expect((await api("GET", path("remove"))).status).toBe(404);
});

test("a tenant never sees, changes or removes another tenant's entry", async () => {
  const other = createApi(handler, cacheContract, uniqueTenant());
  await api("PUT", path("mine"), { body: "mine" });
  expect((await other("GET", path("mine"))).status).toBe(404);
  await other("DELETE", path("mine"));
  await other("PUT", path("mine"), { body: "theirs" });
  expect((await api("GET", path("mine"))).text).toBe("mine");
});
