import { createPublicKey, generateKeyPairSync, webcrypto } from "node:crypto";
import { exportJWK } from "jose";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { createApi, httpEvent, lambdaContext } from "../api.ts";
import { GOOD, newPair, signed } from "./forge.ts";
import { stage, stageContract } from "./stage.ts";

const WHO = "/v1/cache/who";
const publicKey = inject("publicKey");

afterEach(() => void vi.useRealTimers());

async function status(handler: ReturnType<typeof stage>, token: string): Promise<number> {
  return (await createApi(handler, stageContract)("GET", WHO, { token })).status;
}

describe("the public key", () => {
  test("may be PEM", async () => {
    const pem = createPublicKey({ key: JSON.parse(publicKey), format: "jwk" }).export({
      type: "spki",
      format: "pem",
    });
    const handler = stage({ AUTH_PUBLIC_KEY: pem.toString() });
    expect(await status(handler, await signed(GOOD))).toBe(200);
    expect(await status(handler, await signed(GOOD, { header: { kid: "a PEM key has none" } }))).toBe(200);
    expect(await status(handler, await signed(GOOD, { key: (await newPair()).privateKey }))).toBe(401);
  });

  test("may be a set, in which the token names its key", async () => {
    const next = await newPair();
    const keys = [
      { ...JSON.parse(publicKey), kid: "now", alg: "EdDSA", use: "sig" },
      { ...(await exportJWK(next.publicKey)), kid: "next", alg: "EdDSA", use: "sig" },
    ];
    const handler = stage({ AUTH_PUBLIC_KEY: JSON.stringify({ keys }) });
    expect(await status(handler, await signed(GOOD, { header: { kid: "now" } }))).toBe(200);
    expect(await status(handler, await signed(GOOD, { key: next.privateKey, header: { kid: "next" } }))).toBe(
      200,
    );
    expect(await status(handler, await signed(GOOD, { key: next.privateKey, header: { kid: "now" } }))).toBe(
      401,
    );
    expect(await status(handler, await signed(GOOD, { header: { kid: "gone" } }))).toBe(401);
  });

  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ed25519 = generateKeyPairSync("ed25519");
  test.each([
    ["nothing", ""],
    ["no JSON and no PEM", "hunter2"],
    ["no key", "{}"],
    ["an empty set", '{"keys":[]}'],
    ["a key without its bytes", '{"kty":"OKP","crv":"Ed25519"}'],
    ["PEM of nonsense", "-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----"],
    ["an RSA key as PEM", rsa.publicKey.export({ type: "spki", format: "pem" }).toString()],
    ["an RSA key as JWK", JSON.stringify(rsa.publicKey.export({ format: "jwk" }))],
    ["a private key as PEM", ed25519.privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
    ["a private key as JWK", JSON.stringify(ed25519.privateKey.export({ format: "jwk" }))],
  ])("is refused while the function starts if it is %s", (_, key) => {
    expect(() => stage({ AUTH_PUBLIC_KEY: key })).toThrow(/AUTH_PUBLIC_KEY/);
    if (key) expect(() => stage({ AUTH_PUBLIC_KEY: key })).not.toThrow(key);
  });
});

describe("a verified token", () => {
  test("is remembered until it expires, and refused from then on", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const verify = vi.spyOn(webcrypto.subtle, "verify");
    const handler = stage();
    const token = await signed({ ...GOOD, exp: Math.floor(Date.now() / 1000) + 60 });
    expect([await status(handler, token), await status(handler, token)]).toEqual([200, 200]);
    expect(verify).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + 60_001);
    expect([await status(handler, token), await status(handler, token)]).toEqual([401, 401]);
    verify.mockRestore();
  });

  test("makes room for others after a thousand, so memory stays bounded", async () => {
    const handler = stage();
    const tokens = await Promise.all(
      Array.from({ length: 1001 }, (_, index) => signed({ ...GOOD, jti: String(index) })),
    );
    for (const token of tokens) expect(await status(handler, token)).toBe(200);
    const verify = vi.spyOn(webcrypto.subtle, "verify");
    expect(await status(handler, tokens[1000] ?? "")).toBe(200);
    expect(verify).toHaveBeenCalledTimes(0);
    expect(await status(handler, tokens[0] ?? "")).toBe(200);
    expect(verify).toHaveBeenCalledTimes(1);
    verify.mockRestore();
  });

  test("of one tenant is never taken for another's", async () => {
    const api = createApi(stage(), stageContract);
    const tokens = await Promise.all(["one", "two"].map((tenant) => signed({ ...GOOD, tenant })));
    const answers = await Promise.all([...tokens, ...tokens].map((token) => api("GET", WHO, { token })));
    expect(answers.map(({ json }) => json.tenant)).toEqual(["one", "two", "one", "two"]);
  });
});

describe("the claims of an API Gateway authorizer", () => {
  /** Every claim comes as text. */
  function call(handler: ReturnType<typeof stage>, claims: object | undefined, token: string | null = null) {
    const event = httpEvent("GET", WHO, {}, token);
    if (claims) Object.assign(event.requestContext, { authorizer: { jwt: { claims, scopes: null } } });
    return handler(event, lambdaContext());
  }
  const claims = { tenant: "acme", scope: "cache:read", exp: String(GOOD.exp) };

  test("are who the caller is, when so configured", async () => {
    const handler = stage({ AUTH_MODE: "authorizer", AUTH_PUBLIC_KEY: "" });
    expect(await call(handler, claims)).toMatchObject({ statusCode: 200, body: '{"tenant":"acme"}' });
  });

  test.each([
    ["are missing", undefined, 401],
    ["have expired", { ...claims, exp: "1" }, 401],
    ["have a tenant that could reach into a key", { ...claims, tenant: "a:b" }, 401],
    ["have no tenant", { scope: "*", exp: claims.exp }, 401],
    ["lack the scope", { ...claims, scope: "sessions:read" }, 403],
  ])("are refused when they %s", async (_, wrong, statusCode) => {
    const handler = stage({ AUTH_MODE: "authorizer" });
    expect(await call(handler, wrong)).toMatchObject({ statusCode });
  });

  test("are no token's claims: a token that nobody verified is not read", async () => {
    const handler = stage({ AUTH_MODE: "authorizer" });
    expect(await call(handler, undefined, await signed(GOOD))).toMatchObject({ statusCode: 401 });
  });

  test("mean nothing where the function verifies tokens itself", async () => {
    expect(await call(stage(), claims)).toMatchObject({ statusCode: 401 });
    const own = await signed({ ...GOOD, tenant: "own" });
    expect(await call(stage(), claims, own)).toMatchObject({ body: '{"tenant":"own"}' });
  });
});
