import { describe, expect, test } from "vitest";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi } from "../api.ts";
import { newSandbox } from "./stage.ts";

const ENTRIES = "/v1/cache/entries";
const load = () => import("../../functions/cache/handler.ts");
const api = createApi((await load()).handler, cacheContract);

describe("what is not there is told apart from what may not be done:", () => {
  test.each(["/", "/v1", "/v1/cache", "/v1/cache/entries", "/v2/cache/entries/a", "/v1/cache/batch-get/"])(
    "nothing is at %s",
    async (path) => {
      const { status, json } = await api("POST", path);
      expect({ status, code: json.code }).toEqual({ status: 404, code: "route_unknown" });
    },
  );

  test.each([
    ["POST", `${ENTRIES}/a`, "GET, PUT, DELETE, HEAD, OPTIONS"],
    ["PATCH", `${ENTRIES}/a`, "GET, PUT, DELETE, HEAD, OPTIONS"],
    ["get", `${ENTRIES}/a`, "GET, PUT, DELETE, HEAD, OPTIONS"],
    ["GET", "/v1/cache/groups/g", "DELETE, OPTIONS"],
    ["HEAD", "/v1/cache/groups/g", "DELETE, OPTIONS"],
    ["GET", "/v1/cache/batch-get", "POST, OPTIONS"],
  ])("%s %s answers 405 with what is allowed", async (method, path, allow) => {
    const { status, headers, text } = await api(method, path);
    expect(status).toBe(405);
    expect(headers.allow).toBe(allow);
    expect(text === "").toBe(method === "HEAD");
  });

  test("OPTIONS says what is allowed, without a token", async () => {
    const { status, headers, text } = await api("OPTIONS", `${ENTRIES}/a`, { token: null });
    expect({ status, text }).toEqual({ status: 204, text: "" });
    expect(headers).toEqual({ allow: "GET, PUT, DELETE, HEAD, OPTIONS" });
  });

  test("OPTIONS for a path that is not there is a 404", async () => {
    expect((await api("OPTIONS", "/v1/cache/nothing", { token: null })).status).toBe(404);
  });
});

describe("a key in the path", () => {
  test.each([
    ["slash", "a%2Fb", "a/b"],
    ["space", "a%20b", "a b"],
    ["plus, which is no space", "a+b", "a%2Bb"],
    ["percent sign", "100%25", "100%25"],
    ["letters beyond ASCII", "%C3%BCber%E2%82%AC%F0%9F%98%80", "%c3%bcber%e2%82%ac%f0%9f%98%80"],
    ["braces and colon", "%7Bx%7D%3A", "{x}:"],
    ["newline", "a%0Ab", "a%0ab"],
    ["dots", "..%2F..", "../.."],
  ])("with a %s is the same however it is encoded", async (_, written, read) => {
    await api("PUT", `${ENTRIES}/${written}`, { body: written });
    expect((await api("GET", `${ENTRIES}/${read}`)).text).toBe(written);
  });

  test.each([
    ["bad percent-encoding: a lone sign", "%"],
    ["bad percent-encoding: no digits", "a%zz"],
    ["bad percent-encoding: one digit", "a%2"],
    ["bytes that are no UTF-8", "%ff"],
    ["half a letter", "%C3"],
    ["an overlong slash", "%C0%AF"],
    ["a lone surrogate", "%ED%A0%80"],
    ["NUL", "a%00b"],
    ["nothing", ""],
    ["513 bytes", "a".repeat(513)],
    ["513 bytes in 257 letters", `${"%C3%BC".repeat(256)}a`],
  ])("that is %s is a 400", async (_, key) => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const { status, json } = await api(method, `${ENTRIES}/${key}`);
      expect({ status, code: json.code }).toEqual({ status: 400, code: "invalid_request" });
      expect(json.errors[0].path).toMatch(/^path/);
    }
  });

  test("of 512 bytes is fine", async () => {
    expect((await api("PUT", `${ENTRIES}/${"%C3%BC".repeat(256)}`, { body: "x" })).status).toBe(201);
  });
});

describe("where API Gateway has already decoded the path", () => {
  test("nothing is decoded a second time, and bad Unicode is still refused", async () => {
    const { handler } = await newSandbox(load, { RAW_PATH_DECODED: "true" });
    const decoded = createApi(handler, cacheContract);
    await decoded("PUT", `${ENTRIES}/100%25 %zz/ü`, { body: "literal" });
    const { json } = await decoded("POST", "/v1/cache/batch-get", {
      body: { keys: ["100%25 %zz/ü", "100% %zz/ü"] },
    });
    expect(json.entries).toMatchObject([{ status: "hit", value: "literal" }, { status: "miss" }]);
    for (const key of ["\ud800", "a\0b", ""]) {
      expect((await decoded("GET", `${ENTRIES}/${key}`)).status).toBe(400);
    }
  });
});
