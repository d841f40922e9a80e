import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeTokens } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller, grantOf, type Pair } from "./caller.ts";

const sandbox = composeTokens(inject("redisUrl"));
const { post, issue, begin, refresh, refreshJson, isActive } = createCaller(sandbox.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
});

const BODY_BYTES = 262_144;
const GRANT = { userId: "new", clientId: "app", scope: "read" };

let kept: Pair;
let keysBefore: string[];
beforeAll(async () => {
  kept = await begin("kept", { device: "phone" });
  keysBefore = await keysOfTenant();
});
/** Whatever is refused stores nothing, rotates nothing and ends nothing. */
afterEach(async () => {
  expect(await keysOfTenant()).toEqual(keysBefore);
  expect([await isActive(kept.access_token), await isActive(kept.refresh_token)]).toEqual([true, true]);
});

async function keysOfTenant(): Promise<string[]> {
  return (await keysOf(raw, `${sandbox.tenant}:*`)).sort();
}

/** What is sent as it is written: JSON.stringify would not let everything pass. */
const postJson = (path: string, body: string) =>
  sandbox.api("POST", path, { body, headers: { "content-type": "application/json" } });
const grantWith = (member: string) => `{"userId":"new","clientId":"app","scope":"read",${member}}`;

test.each<[string, object | string]>([
  ["no user", { clientId: "app", scope: "read" }],
  ["an empty user", { ...GRANT, userId: "" }],
  ["a user of 257 bytes", { ...GRANT, userId: "u".repeat(257) }],
  ["a user of 86 three-byte characters", { ...GRANT, userId: "€".repeat(86) }],
  ["NUL in the user", { ...GRANT, userId: "a\0b" }],
  ["a lone surrogate in the user", grantWith('"userId":"\\ud800"')],
  ["a user that is a number", { ...GRANT, userId: 5 }],
  ["no client", { userId: "new", scope: "read" }],
  ["an empty client", { ...GRANT, clientId: "" }],
  ["NUL in the client", { ...GRANT, clientId: "\0" }],
  ["a lone surrogate in the client", grantWith('"clientId":"a\\udc00"')],
  ["a client of 257 bytes", { ...GRANT, clientId: "c".repeat(257) }],
  ["an empty device", { ...GRANT, device: "" }],
  ["a device that is null", { ...GRANT, device: null }],
  ["a lone surrogate in the device", grantWith('"device":"\\ud83d"')],
  ["no scope", { userId: "new", clientId: "app" }],
  ["an empty scope", { ...GRANT, scope: "" }],
  ["a scope with two spaces", { ...GRANT, scope: "read  write" }],
  ["a scope with a space at its end", { ...GRANT, scope: "read " }],
  ["a scope with a quote", { ...GRANT, scope: 're"ad' }],
  ["a scope with a backslash", { ...GRANT, scope: "re\\ad" }],
  ["a scope with a line break", { ...GRANT, scope: "read\n" }],
  ["a scope beyond ASCII", { ...GRANT, scope: "réad" }],
  ["a scope of 1,025 characters", { ...GRANT, scope: "s".repeat(1025) }],
  ["a scope that is a list", { ...GRANT, scope: ["read"] }],
  ["an unknown field", { ...GRANT, ttl: 5 }],
  ["__proto__ as a field", grantWith('"__proto__":{"scope":"admin"}')],
  ["constructor as a field", grantWith('"constructor":{}')],
  ["a list", []],
  ["nothing", ""],
  ["half of it", '{"userId":"new"'],
])("%s is refused and issues nothing", async (_, body) => {
  const answer = typeof body === "string" ? await postJson("/v1/tokens", body) : await issue(body);
  expect(outcomeOf(answer)).toBe("400 invalid_request");
  expect(answer.json.errors.length).toBeGreaterThan(0);
});

const secretOf = (token: string) => token.split(".")[1] ?? "";
const swapCase = (text: string) =>
  text.replace(/[a-zA-Z]/, (letter) => (letter < "a" ? letter.toLowerCase() : letter.toUpperCase()));

test.each<[string, (token: string) => string]>([
  ["no dot", (token) => token.replace(".", "")],
  ["two dots", (token) => `${token}.${secretOf(token)}`],
  ["a character less", (token) => token.slice(0, -1)],
  ["a character more", (token) => `${token}A`],
  ["padding", (token) => `${token}=`],
  ["a last character with bits that do not count", (token) => `${token.slice(0, -1)}B`],
  ["base64's own alphabet", (token) => `${token.slice(0, -1)}/`],
  ["a letter of its id in the other case", swapCase],
  ["a letter of its secret in the other case", (token) => `${grantOf(token)}.${swapCase(secretOf(token))}`],
  ["its id alone", grantOf],
  ["its secret alone", secretOf],
  ["blanks around", (token) => ` ${token} `],
  ["NUL at its end", (token) => `${token}\0`],
  ["a letter that looks alike", (token) => `${token.slice(0, -1)}А`],
])("a refresh token with %s is no token, in a form or as JSON", async (_, change) => {
  const refresh_token = change(kept.refresh_token);
  expect(outcomeOf(await refresh(refresh_token))).toBe("400 invalid_grant");
  expect(outcomeOf(await refreshJson({ refresh_token }))).toBe("400 invalid_grant");
});

const form = (fields: string) => `grant_type=refresh_token&refresh_token=${kept.refresh_token}${fields}`;

test.each<[string, () => string | Buffer, string]>([
  ["nothing", () => "", "invalid_request"],
  ["no grant type", () => `refresh_token=${kept.refresh_token}`, "invalid_request"],
  ["no token", () => "grant_type=refresh_token", "invalid_request"],
  ["a token without a value", () => "grant_type=refresh_token&refresh_token=", "invalid_request"],
  ["a grant type without a value", () => form("").replace("=refresh_token", "="), "invalid_request"],
  ["another grant type", () => form("").replace("=refresh_token", "=password"), "unsupported_grant_type"],
  ["the token twice", () => form(`&refresh_token=${kept.refresh_token}`), "invalid_request"],
  ["the scope twice", () => form("&scope=read&scope=read"), "invalid_request"],
  ["the scope twice, first without a value", () => form("&scope=&scope=read"), "invalid_request"],
  ["the scope twice, then without a value", () => form("&scope=read&scope="), "invalid_request"],
  ["an unknown field twice", () => form("&x=1&x=2"), "invalid_request"],
  [
    "a field twice whose name may not be told",
    () => form("&%22%5C%C3%A9=1&%22%5C%C3%A9=2"),
    "invalid_request",
  ],
  ["a malformed scope", () => form("&scope=read++write"), "invalid_scope"],
  ["a scope beyond ASCII", () => form("&scope=r%C3%A9ad"), "invalid_scope"],
  ["NUL in the client", () => form("&client_id=app%00"), "invalid_request"],
  ["a client too long", () => form(`&client_id=${"c".repeat(257)}`), "invalid_request"],
  ["half of a percent-encoding", () => form("&client_id=app%"), "invalid_request"],
  ["no hexadecimal", () => form("&device=%zz"), "invalid_request"],
  ["half of a sequence", () => form("&device=%C3"), "invalid_request"],
  ["bytes that are no UTF-8", () => Buffer.from(form("&device=\xff"), "latin1"), "invalid_request"],
  ["JSON", () => JSON.stringify({ refresh_token: kept.refresh_token }), "invalid_request"],
])("a form with %s is refused in OAuth's words", async (_, body, error) => {
  const answer = await post("refresh", body());
  expect(outcomeOf(answer)).toBe(`400 ${error}`);
  const description = expect.stringMatching(/^[ !#-[\]-~]+$/); // RFC 6749 section 5.2
  expect(answer.json).toEqual({ error, error_description: description });
  expect(answer.headers).toEqual({
    "content-type": "application/json",
    "cache-control": "no-store",
    pragma: "no-cache",
  });
});

test.each<[string, string, string]>([
  ["no token", "{}", "invalid_request"],
  ["a token that is null", '{"refresh_token":null}', "invalid_request"],
  ["an empty token", '{"refresh_token":""}', "invalid_grant"],
  ["a lone surrogate in the token", '{"refresh_token":"\\ud800"}', "invalid_grant"],
  ["another grant type", '{"refresh_token":"T","grant_type":"password"}', "unsupported_grant_type"],
  ["a malformed scope", '{"refresh_token":"T","scope":""}', "invalid_scope"],
  ["a lone surrogate in the scope", '{"refresh_token":"T","scope":"\\ud800"}', "invalid_scope"],
  ["a lone surrogate in the client", '{"refresh_token":"T","client_id":"\\ud800"}', "invalid_request"],
  ["a lone surrogate in the device", '{"refresh_token":"T","device":"\\udfff"}', "invalid_request"],
  ["an empty client", '{"refresh_token":"T","client_id":""}', "invalid_request"],
  ["NUL in the device", '{"refresh_token":"T","device":"\\u0000"}', "invalid_request"],
  ["an unknown field", '{"refresh_token":"T","x":1}', "invalid_request"],
  ["__proto__ as a field", '{"refresh_token":"T","__proto__":{"scope":"admin"}}', "invalid_request"],
])("JSON with %s is refused with a problem", async (_, body, code) => {
  const answer = await postJson("/v1/tokens/refresh", body.replace('"T"', `"${kept.refresh_token}"`));
  expect(outcomeOf(answer)).toBe(`400 ${code}`);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
});

test.each(["introspect", "revoke"])("without one token in UTF-8 there is nothing to %s", async (name) => {
  const latin = Buffer.from("token=\xff", "latin1");
  for (const body of ["", "token=", "token=a&token=b", "token=&token=a", "x=a", "__proto__=a", latin])
    expect(outcomeOf(await post(name, body))).toBe("400 invalid_request");
});

test("a body over the limit is too large for every form and for JSON", async () => {
  const fields = (bytes: number) => form("&x=").padEnd(bytes, "x");
  for (const name of ["refresh", "introspect", "revoke"]) {
    const answer = await post(name, fields(BODY_BYTES + 1));
    expect([answer.status, answer.json.error]).toEqual([413, "invalid_request"]);
  }
  const json = JSON.stringify({ refresh_token: kept.refresh_token }).padEnd(BODY_BYTES + 1);
  for (const path of ["/v1/tokens", "/v1/tokens/refresh"])
    expect(outcomeOf(await postJson(path, json))).toBe("413 body_too_large");
});

test.each(["text/plain", "multipart/form-data", "application/x-www-form-urlencodedx", ""])(
  "a body as %j is refused by every operation that takes one",
  async (type) => {
    for (const name of ["", "/refresh", "/introspect", "/revoke"]) {
      const headers = { "content-type": type };
      const answer = await sandbox.api("POST", `/v1/tokens${name}`, { body: form(""), headers });
      expect(outcomeOf(answer)).toBe("415 media_type_unsupported");
    }
  },
);

test.each(["", "x", "X".repeat(40), "x".repeat(41), `${"x".repeat(20)}${"A".repeat(20)}`, "%00"])(
  "%j is the id of no grant",
  async (id) => {
    expect(outcomeOf(await sandbox.api("DELETE", `/v1/tokens/grants/${id}`))).toBe("400 invalid_request");
  },
);

test.each(["", "%00", "%ED%A0%80", "%zz", "u".repeat(257)])("%j is no user", async (userId) => {
  for (const method of ["GET", "DELETE"])
    expect(outcomeOf(await sandbox.api(method, `/v1/tokens/users/${userId}`))).toBe("400 invalid_request");
});

test("behind a gateway that cuts paths at a question mark no user may have one, as nobody could end their grants", async () => {
  const environment = { RAW_PATH_DECODED: "true" };
  const { api, connection } = composeTokens(inject("redisUrl"), { tenant: sandbox.tenant, environment });
  const answer = await createCaller(api).issue({ ...GRANT, userId: "ann?x" });
  expect([outcomeOf(answer), answer.json.errors[0].path]).toEqual(["400 invalid_request", "body.userId"]);
  await connection.close();
});

test("a form may have fields that nobody knows, empty ones, and a charset", async () => {
  const { refresh_token } = await begin("lenient");
  const fields = `grant_type=refresh_token&refresh_token=${refresh_token}&scope=&client_id=&device=&x=1&__proto__=2`;
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=UTF-8" };
  const answer = await sandbox.api("POST", "/v1/tokens/refresh", { body: fields, headers });
  expect([answer.status, answer.json.scope]).toEqual([200, "read write"]);
  const asBytes = await sandbox.api("POST", "/v1/tokens/refresh", { body: Buffer.from(fields), headers });
  expect(asBytes.text).toBe(answer.text);
  keysBefore = await keysOfTenant();
});
