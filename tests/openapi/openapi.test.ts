import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { handler } from "../../functions/openapi/handler.ts";
import { openapiContract } from "../../lib/openapi/contract.ts";
import { createApi } from "../api.ts";
import { mintToken } from "../token.ts";

const PATH = "/v1/openapi.json";
const api = createApi(handler, openapiContract);

describe("the description of the API", () => {
  test("is the committed one", async () => {
    const { status, headers, json } = await api("GET", PATH);
    expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "application/json" });
    expect(json).toEqual(JSON.parse(readFileSync("openapi.json", "utf8")));
  });

  test("is for anyone with a token, whatever its scope, and for nobody else", async () => {
    const token = await mintToken({ tenant: "acme", scope: "none:read" });
    expect((await api("GET", PATH, { token })).status).toBe(200);
    expect((await api("GET", PATH, { token: null })).json).toMatchObject({
      status: 401,
      code: "token_missing",
    });
  });
});

describe("where no other function answers", () => {
  test.each([
    "/",
    "/v1",
    "/v1/",
    "/v1/openapi",
    "/v1/openapiXjson",
    "/v1/openapi.json/",
    "/v2/cache/entries/a",
    "/%zz",
    "/v1/\0",
  ])("%j is a 404 problem, with or without a token", async (path) => {
    for (const options of [{}, { token: null }]) {
      for (const method of ["GET", "PUT", "OPTIONS"]) {
        const { status, headers, json } = await api(method, path, options);
        expect({ status, code: json.code }).toEqual({ status: 404, code: "route_unknown" });
        expect(headers["content-type"]).toBe("application/problem+json");
      }
    }
  });

  test("another method is a 405", async () => {
    const { status, headers } = await api("DELETE", PATH);
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: "GET, HEAD, OPTIONS" });
  });
});
