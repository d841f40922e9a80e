import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { cacheContract } from "../../lib/cache/contract.ts";
import { type CallOptions, createApi } from "../api.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { newSandbox } from "./stage.ts";

const GROUPS = { "cache-groups": '"a", "b"' };
const KEYS = Array.from({ length: 100 }, (_, index) => `k${index}`);
const entry = (key: string) => `/v1/cache/entries/${key}`;

let proxy: TcpProxy;
let api: ReturnType<typeof createApi>;

/** A connection of its own through the proxy, warm, so that no handshake is counted. */
beforeAll(async () => {
  proxy = await startTcpProxy(inject("redisUrl"));
  const { handler } = await newSandbox(() => import("../../functions/cache/handler.ts"), {
    REDIS_URL: proxy.url,
  });
  api = createApi(handler, cacheContract);
  await api("GET", entry("warm-up"));
});

afterAll(() => proxy.close());

async function roundTrips(method: string, path: string, options: CallOptions = {}) {
  const before = proxy.roundTrips();
  const answer = await api(method, path, options);
  return {
    status: answer.status,
    trips: proxy.roundTrips() - before,
    headers: answer.headers,
    json: () => answer.json,
  };
}

describe("one round trip is all that it takes", () => {
  test("to put, read, look at and remove an entry, the first time as well as later", async () => {
    for (const status of [201, 204]) {
      expect(await roundTrips("PUT", entry("plain"), { body: "x" })).toMatchObject({ status, trips: 1 });
    }
    for (let time = 0; time < 2; time++) {
      expect(await roundTrips("GET", entry("plain"))).toMatchObject({ status: 200, trips: 1 });
      expect(await roundTrips("HEAD", entry("plain"))).toMatchObject({ status: 200, trips: 1 });
    }
    expect(await roundTrips("DELETE", entry("plain"))).toMatchObject({ status: 204, trips: 1 });
    expect(await roundTrips("DELETE", entry("plain"))).toMatchObject({ status: 204, trips: 1 });
    expect(await roundTrips("GET", entry("plain"))).toMatchObject({ status: 404, trips: 1 });
  });

  test("to put on a condition, whether it holds or not", async () => {
    const create = { body: "x", headers: { "if-none-match": "*" } };
    const { headers, ...created } = await roundTrips("PUT", entry("conditional"), create);
    expect(created).toMatchObject({ status: 201, trips: 1 });
    expect(await roundTrips("PUT", entry("conditional"), create)).toMatchObject({ status: 412, trips: 1 });
    const swap = { body: "y", headers: { "if-match": headers.etag ?? "" } };
    expect(await roundTrips("PUT", entry("conditional"), swap)).toMatchObject({ status: 204, trips: 1 });
    expect(await roundTrips("PUT", entry("conditional"), swap)).toMatchObject({ status: 412, trips: 1 });
  });

  test("to get a lease, to be told that somebody else has it, to fill, and to find it filled", async () => {
    const query = { lease: "10" };
    const { headers, ...miss } = await roundTrips("GET", entry("leased"), { query });
    expect(miss).toMatchObject({ status: 404, trips: 1 });
    const lease = headers["cache-lease"] ?? "";
    expect(lease).not.toBe("");
    expect(await roundTrips("GET", entry("leased"), { query })).toMatchObject({ status: 404, trips: 1 });
    const fill = { body: "x", headers: { "cache-lease": lease } };
    expect(await roundTrips("PUT", entry("leased"), fill)).toMatchObject({ status: 201, trips: 1 });
    expect(await roundTrips("GET", entry("leased"), { query })).toMatchObject({ status: 200, trips: 1 });
  });

  test("to put and to read a hundred entries", async () => {
    const entries = KEYS.map((key) => ({ key, value: key }));
    const put = await roundTrips("POST", "/v1/cache/batch-put", { body: { entries } });
    expect(put).toMatchObject({ status: 200, trips: 1 });
    const get = await roundTrips("POST", "/v1/cache/batch-get", { body: { keys: KEYS } });
    expect(get).toMatchObject({ status: 200, trips: 1 });
    expect(get.json().entries.map(({ value }: { value: string }) => value)).toEqual(KEYS);
  });

  test("to put a hundred entries of which each has a condition", async () => {
    const entries = KEYS.map((key) => ({ key: `c${key}`, value: key, ifNoneMatch: "*" }));
    for (const status of ["created", "precondition_failed"]) {
      const put = await roundTrips("POST", "/v1/cache/batch-put", { body: { entries } });
      expect(put).toMatchObject({ status: 200, trips: 1 });
      expect(new Set(put.json().results.map((result: { status: string }) => result.status))).toEqual(
        new Set([status]),
      );
    }
  });
});

describe("none is made", () => {
  test("for a request that is refused", async () => {
    expect(await roundTrips("GET", entry("a"), { token: null })).toMatchObject({ status: 401, trips: 0 });
    expect(await roundTrips("GET", entry("a"), { query: { lease: "x" } })).toMatchObject({
      status: 400,
      trips: 0,
    });
    expect(await roundTrips("OPTIONS", entry("a"))).toMatchObject({ status: 204, trips: 0 });
  });
});

describe("with groups two are enough", () => {
  test("to put and to read an entry, the second time as the first", async () => {
    for (const status of [201, 204]) {
      expect(await roundTrips("PUT", entry("grouped"), { body: "x", headers: GROUPS })).toMatchObject({
        status,
        trips: 2,
      });
      expect(await roundTrips("GET", entry("grouped"))).toMatchObject({ status: 200, trips: 2 });
      expect(await roundTrips("HEAD", entry("grouped"))).toMatchObject({ status: 200, trips: 2 });
    }
  });

  test("to put and to read a hundred entries", async () => {
    const entries = KEYS.map((key) => ({ key: `g${key}`, value: key, groups: ["a", "b"] }));
    const put = await roundTrips("POST", "/v1/cache/batch-put", { body: { entries } });
    expect(put).toMatchObject({ status: 200, trips: 2 });
    const get = await roundTrips("POST", "/v1/cache/batch-get", {
      body: { keys: entries.map(({ key }) => key) },
    });
    expect(get).toMatchObject({ status: 200, trips: 2 });
  });

  test("to invalidate a group, however many entries it has", async () => {
    expect(await roundTrips("DELETE", "/v1/cache/groups/a")).toMatchObject({ status: 204, trips: 2 });
    expect(await roundTrips("DELETE", "/v1/cache/groups/never-used")).toMatchObject({
      status: 204,
      trips: 2,
    });
  });
});
