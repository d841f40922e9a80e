import { beforeAll, describe, expect, test } from "vitest";
import { handler } from "../../functions/cache/handler.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi } from "../api.ts";

const ENTRY = "/v1/cache/entries/kept";
const LONG_GROUP = `"${"a".repeat(257)}"`;
const api = createApi(handler, cacheContract);

beforeAll(async () => {
  await api("PUT", ENTRY, { body: "kept" });
});

describe("a query parameter", () => {
  test.each([
    ["GET", { lease: "0" }, "query.lease"],
    ["GET", { lease: "61" }, "query.lease"],
    ["GET", { lease: "-1" }, "query.lease"],
    ["GET", { lease: "1.5" }, "query.lease"],
    ["GET", { lease: "" }, "query.lease"],
    ["GET", { lease: "NaN" }, "query.lease"],
    ["GET", { lease: "1e1" }, "query.lease"],
    ["GET", { lease: "5,5" }, "query.lease"],
    ["GET", { wait: "21" }, "query.wait"],
    ["GET", { waits: "1" }, "query"],
    ["GET", { absent: "true" }, "query"],
    ["PUT", { absent: "yes" }, "query.absent"],
    ["PUT", { jitter: "51" }, "query.jitter"],
    ["DELETE", { absent: "true" }, "query"],
  ])("that is wrong or unknown is a 400: %s %j", async (method, query, path) => {
    const { status, json } = await api(method, ENTRY, { query: query as Record<string, string>, body: "" });
    expect({ status, code: json.code, path: json.errors[0].path }).toEqual({
      status: 400,
      code: "invalid_request",
      path,
    });
    expect((await api("GET", ENTRY)).text).toBe("kept");
  });
});

describe("a header", () => {
  test.each([
    ["cache-control", "max-age=ten"],
    ["cache-control", "max-age=-1"],
    ["cache-control", "max-age"],
    ["cache-control", "max-age=1.5"],
    ["cache-control", "max-age=99999999999"],
    ["cache-control", "max-age=2592001"],
    ["cache-control", "max-age=0"],
    ["cache-control", "max-age=60, max-age=70"],
    ["cache-control", "max-age=60; stale-while-revalidate=5"],
    ["cache-control", "no-store"],
    ["cache-groups", "a, b"],
    ["cache-groups", '"a" "b"'],
    ["cache-groups", '"a'],
    ["cache-groups", '("a" "b")'],
    ["cache-groups", LONG_GROUP],
    ["cache-groups", '""'],
    ["cache-lease", "nothing we gave out"],
    ["cache-lease", Buffer.from('["a",1,0,{"g":1}]').toString("base64url")],
    ["if-match", "unquoted"],
    ["if-match", '"a" "b"'],
    ["if-none-match", '"a"'],
  ])("that is malformed is a 400 and changes nothing: %s: %s", async (name, value) => {
    const { status, json } = await api("PUT", ENTRY, { body: "new", headers: { [name]: value } });
    expect({ status, code: json.code }).toEqual({ status: 400, code: "invalid_request" });
    expect(json.errors[0].path).toMatch(new RegExp(`^headers\\.${name}(\\.0)?$`));
    expect((await api("GET", ENTRY)).text).toBe("kept");
  });

  test("list of more than 10,240 bytes is a 431, before anything else of it is read", async () => {
    const long = { "x-long": "a".repeat(10_240) };
    for (const [method, token] of [
      ["GET", undefined],
      ["PUT", undefined],
      ["GET", null],
    ] as const) {
      const { status, json } = await api(method, ENTRY, { headers: long, ...(token === null && { token }) });
      expect({ status, code: json.code }).toEqual({ status: 431, code: "headers_too_large" });
    }
    expect((await api("GET", ENTRY, { headers: { "x-long": "a".repeat(9000) } })).status).toBe(200);
    expect((await api("GET", ENTRY, { headers: { "x-long": "€".repeat(3400) } })).status).toBe(431);
  });
});
