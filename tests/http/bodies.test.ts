import { describe, expect, test } from "vitest";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi } from "../api.ts";
import { newSandbox } from "./stage.ts";

const ENTRIES = "/v1/cache/entries";
const JSON_BYTES = 262_144;
const load = () => import("../../functions/cache/handler.ts");
const api = createApi((await load()).handler, cacheContract);
const asJson = { "content-type": "application/json" };

describe("a body", () => {
  test.each(["", "text", "ünï©ode €", "a\r\nb\0c"])(
    "is the same sent plainly and as base64: %j",
    async (text) => {
      const plain = await api("PUT", `${ENTRIES}/plain`, { body: text });
      const base64 = await api("PUT", `${ENTRIES}/base64`, { body: Buffer.from(text) });
      expect(base64.headers.etag).toBe(plain.headers.etag);
      for (const key of ["plain", "base64"]) expect((await api("GET", `${ENTRIES}/${key}`)).text).toBe(text);
    },
  );

  test("of JSON is the same sent plainly and as base64", async () => {
    const body = { keys: ["ü", "€"] };
    const plain = await api("POST", "/v1/cache/batch-get", { body });
    const bytes = Buffer.from(JSON.stringify(body));
    const base64 = await api("POST", "/v1/cache/batch-get", { body: bytes, headers: asJson });
    expect(plain.status).toBe(200);
    expect(base64.json).toEqual(plain.json);
  });

  test("that is missing is an empty value", async () => {
    expect((await api("PUT", `${ENTRIES}/missing`)).status).toBe(201);
    expect((await api("GET", `${ENTRIES}/missing`)).body.length).toBe(0);
  });

  test("comes back in text where it is text, and as bytes where it is not", async () => {
    const bytes = Buffer.from([0xc3, 0x28, 0xff, 0x00]);
    await api("PUT", `${ENTRIES}/bytes`, { body: bytes });
    expect((await api("GET", `${ENTRIES}/bytes`)).body.equals(bytes)).toBe(true);
  });
});

describe("a body over the limit is a 413 and changes nothing", () => {
  test.each([1_048_576, 1000])("of an entry: %i bytes fit, one more does not", async (limit) => {
    const { handler } = await newSandbox(load, { CACHE_MAX_BODY_BYTES: String(limit) });
    const limited = createApi(handler, cacheContract);
    const fits = Buffer.alloc(limit, "ü");
    expect((await limited("PUT", `${ENTRIES}/k`, { body: fits })).status).toBe(201);
    for (const body of [Buffer.alloc(limit + 1), "a".repeat(limit + 1), "ü".repeat(limit / 2 + 1)]) {
      const { status, json } = await limited("PUT", `${ENTRIES}/k`, { body });
      expect({ status, code: json.code }).toEqual({ status: 413, code: "body_too_large" });
    }
    expect((await limited("GET", `${ENTRIES}/k`)).body.equals(fits)).toBe(true);
  });

  test("of JSON: 256 KiB fit, one byte more does not", async () => {
    const body = (bytes: number) => '{"keys":["a"]}'.padEnd(bytes, " ");
    const send = (bytes: number) =>
      api("POST", "/v1/cache/batch-get", { body: body(bytes), headers: asJson });
    expect((await send(JSON_BYTES)).status).toBe(200);
    expect((await send(JSON_BYTES + 1)).json).toMatchObject({ status: 413, code: "body_too_large" });
  });
});

describe("a JSON body", () => {
  test.each([undefined, "text/plain", "application/jsonp", "application/xml; q=application/json", ""])(
    "sent as %s is a 415 that says what is accepted",
    async (type) => {
      const headers = type === undefined ? {} : { "content-type": type };
      const {
        status,
        headers: sent,
        json,
      } = await api("POST", "/v1/cache/batch-get", { body: '{"keys":["a"]}', headers });
      expect({ status, code: json.code, accept: sent.accept }).toEqual({
        status: 415,
        code: "media_type_unsupported",
        accept: "application/json",
      });
    },
  );

  test.each(["application/json", "Application/JSON; charset=utf-8", " application/json ;x"])(
    "may be sent as `%s`",
    async (type) => {
      const sent = await api("POST", "/v1/cache/batch-get", {
        body: '{"keys":["a"]}',
        headers: { "content-type": type },
      });
      expect(sent.status).toBe(200);
    },
  );

  test.each([
    ["that is empty", "", "body"],
    ["that ends early", '{"keys":["a"', "body"],
    ["with a comma too many", '{"keys":["a"],}', "body"],
    ["that is no UTF-8", Buffer.from('{"keys":["\xff"]}', "latin1"), "body"],
    ["that is a list", "[]", "body"],
    ["that is null", "null", "body"],
    ["that is a text", '"keys"', "body"],
    ["without its field", "{}", "body.keys"],
    ["with an unknown field", '{"keys":["a"],"more":1}', "body"],
    ["with a field of a wrong type", '{"keys":"a"}', "body.keys"],
    ["with an item of a wrong type", '{"keys":["a",1]}', "body.keys.1"],
    ["with an empty list", '{"keys":[]}', "body.keys"],
    ["with a list too long", JSON.stringify({ keys: Array(101).fill("a") }), "body.keys"],
    ["with an empty key", '{"keys":["a",""]}', "body.keys.1"],
    ["with NUL in a key", '{"keys":["a\\u0000"]}', "body.keys.0"],
    ["with a lone surrogate in a key", '{"keys":["\\ud800"]}', "body.keys.0"],
  ])("%s is a 400 that says where", async (_, body, path) => {
    const { status, json } = await api("POST", "/v1/cache/batch-get", { body, headers: asJson });
    expect({ status, code: json.code }).toEqual({ status: 400, code: "invalid_request" });
    expect(json.errors.map((error: { path: string }) => error.path)).toEqual([path]);
    expect(json.detail).toContain(json.errors[0].message);
  });

  test("with several mistakes names each, and stores none of its entries", async () => {
    const entries = [{ key: "kept", value: "x" }, { key: "" }, { key: "b", value: 5 }, { key: "c", ttl: 5 }];
    const { status, json } = await api("POST", "/v1/cache/batch-put", { body: { entries } });
    expect(status).toBe(400);
    const paths = json.errors.map((error: { path: string }) => error.path);
    expect(paths).toEqual(["body.entries.1.key", "body.entries.2.value", "body.entries.3"]);
    expect((await api("GET", `${ENTRIES}/kept`)).status).toBe(404);
  });

  test("cannot reach into the prototype of anything", async () => {
    const body = '{"keys":["a"],"__proto__":{"polluted":1}}';
    expect((await api("POST", "/v1/cache/batch-get", { body, headers: asJson })).status).toBe(400);
    expect("polluted" in {}).toBe(false);
  });
});
