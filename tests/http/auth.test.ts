import { createPublicKey } from "node:crypto";
import { describe, expect, inject, test } from "vitest";
import { createApi } from "../api.ts";
import { forged, GOOD, newPair, signed } from "./forge.ts";
import { stage, stageContract } from "./stage.ts";

const WHO = "/v1/cache/who";
const api = createApi(stage(), stageContract);

async function refusal(token: string | null, headers: Record<string, string> = {}) {
  const { status, headers: sent, json } = await api("GET", WHO, { token, headers });
  return { status, code: json.code, challenge: sent["www-authenticate"] };
}

describe("without a token", () => {
  test.each([
    ["no header", {}],
    ["another scheme", { authorization: "Basic YWNtZTpzZWNyZXQ=" }],
    ["a scheme alone", { authorization: "Bearer" }],
    ["two words", { authorization: "Bearer a b" }],
    ["letters that no token has", { authorization: "Bearer a,b" }],
  ])("nothing is served: %s", async (_, headers) => {
    expect(await refusal(null, headers)).toEqual({ status: 401, code: "token_missing", challenge: "Bearer" });
  });

  test("a path that is not there is a 404, for it holds no data", async () => {
    expect((await api("GET", "/v1/nothing", { token: null })).status).toBe(404);
  });
});

describe("a token is refused as invalid", async () => {
  const jwk = inject("publicKey");
  const pem = createPublicKey({ key: JSON.parse(jwk), format: "jwk" }).export({
    type: "spki",
    format: "pem",
  });
  const good = await signed(GOOD);
  const { exp, tenant, scope } = GOOD;
  const stranger = (await newPair()).privateKey;

  test.each([
    ["that is no JWT", "abc"],
    ["of two parts", good.split(".").slice(0, 2).join(".")],
    ["of other claims under its signature", [good.split(".")[0], "e30", good.split(".")[2]].join(".")],
    ["with a signature cut short", good.slice(0, -4)],
    ["signed by another key", await signed(GOOD, { key: stranger })],
    ["with alg none", forged({ alg: "none" }, GOOD)],
    ["with alg None", forged({ alg: "None" }, GOOD)],
    ["with an HMAC keyed with the public JWK", forged({ alg: "HS256" }, GOOD, jwk)],
    ["with an HMAC keyed with the public PEM", forged({ alg: "HS256" }, GOOD, pem)],
    ["that brings its own key", await signed(GOOD, { key: stranger, header: { jwk: JSON.parse(jwk) } })],
    [
      "with a critical header nobody understands",
      await signed(GOOD, { header: { crit: ["x"], x: 1 }, crit: { x: true } }),
    ],
    ["without exp", await signed({ tenant, scope })],
    ["with exp as a text", await signed({ ...GOOD, exp: "tomorrow" as unknown as number })],
    ["that is not valid yet", await signed({ ...GOOD, nbf: exp })],
    ["without tenant", await signed({ scope, exp })],
    ["without scope", await signed({ tenant, exp })],
    ["with a list of scopes", await signed({ ...GOOD, scope: ["*"] })],
    ["of tenant `a:b`", await signed({ ...GOOD, tenant: "a:b" })],
    ["of tenant `a{b`", await signed({ ...GOOD, tenant: "a{b" })],
    ["of tenant `a}b`", await signed({ ...GOOD, tenant: "a}b" })],
    ["of tenant `*`", await signed({ ...GOOD, tenant: "*" })],
    ["of tenant `a` and a newline", await signed({ ...GOOD, tenant: "a\n" })],
    ["of an empty tenant", await signed({ ...GOOD, tenant: "" })],
    ["of a tenant of 65 letters", await signed({ ...GOOD, tenant: "a".repeat(65) })],
    ["of a number as tenant", await signed({ ...GOOD, tenant: 7 })],
    ["of a list as tenant", await signed({ ...GOOD, tenant: ["acme"] })],
    ["of an object as tenant", await signed({ ...GOOD, tenant: {} })],
  ])("%s", async (_, token) => {
    expect(await refusal(token)).toEqual({
      status: 401,
      code: "token_invalid",
      challenge: 'Bearer error="invalid_token"',
    });
  });

  test("and as expired once its time is over", async () => {
    const token = await signed({ ...GOOD, exp: Math.floor(Date.now() / 1000) - 1 });
    expect(await refusal(token)).toMatchObject({ status: 401, code: "token_expired" });
  });
});

describe("a good token", () => {
  test.each(["a", "a".repeat(64), "Acme_2-eu"])("says the tenant %s", async (tenant) => {
    const { status, json } = await api("GET", WHO, { token: await signed({ ...GOOD, tenant }) });
    expect({ status, json }).toEqual({ status: 200, json: { tenant } });
  });

  test("may name the scheme in any case", async () => {
    const authorization = `bEARER ${await signed(GOOD)}`;
    expect((await api("GET", WHO, { token: null, headers: { authorization } })).status).toBe(200);
  });
});

describe("the scope", () => {
  test.each([
    ["cache:read", 200, 403],
    ["cache:write", 403, 204],
    ["cache:read cache:write", 200, 204],
    ["sessions:* cache:*", 200, 204],
    ["*", 200, 204],
    ["", 403, 403],
    ["cache", 403, 403],
    ["cache:", 403, 403],
    ["cache:rea", 403, 403],
    ["cache:readwrite", 403, 403],
    ["sessions:*", 403, 403],
    ["*:read", 403, 403],
    ["CACHE:READ", 403, 403],
  ])("`%s` answers %i to a read and %i to a write", async (scope, read, write) => {
    const token = await signed({ ...GOOD, scope });
    const answers = [await api("GET", WHO, { token }), await api("POST", WHO, { token })];
    expect(answers.map(({ status }) => status)).toEqual([read, write]);
    for (const { status, json, headers } of answers.filter(({ status }) => status === 403)) {
      expect({ status, code: json.code }).toEqual({ status: 403, code: "scope_missing" });
      expect(headers["www-authenticate"]).toMatch(
        /^Bearer error="insufficient_scope", scope="cache:(read|write)"$/,
      );
    }
  });
});
