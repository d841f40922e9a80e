import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeTokens } from "../composition.ts";
import { mintToken } from "../token.ts";
import { createCaller, grantOf, idsOf } from "./caller.ts";

const sandbox = composeTokens(inject("redisUrl"));
const { post, begin, refresh, refreshed, introspect, isActive, revoke, list } = createCaller(sandbox.api);
afterAll(() => sandbox.connection.close());

const INACTIVE = { active: false };
const FORM = { "content-type": "application/x-www-form-urlencoded" };

test("revoking an access token ends only it", async () => {
  const { access_token, refresh_token } = await begin("one");
  const next = await refreshed(refresh_token);
  for (let time = 0; time < 2; time++) {
    const { status, text, headers } = await revoke(access_token);
    expect([status, text]).toEqual([200, ""]);
    expect(headers).toEqual({ "cache-control": "no-store", pragma: "no-cache" });
    expect((await introspect(access_token)).json).toEqual(INACTIVE);
  }
  expect([await isActive(next.access_token), await isActive(next.refresh_token)]).toEqual([true, true]);
});

test.each([
  ["the present", 2],
  ["the former", 1],
  ["a much older", 0],
])("revoking %s refresh token ends its grant with all access tokens, and no other", async (_, age) => {
  const other = await begin("several");
  await sleep(2); // those of one millisecond come in any order
  const pairs = [await begin("several")];
  for (let i = 0; i < 2; i++) pairs.push(await refreshed(pairs.at(-1)?.refresh_token ?? ""));
  for (let time = 0; time < 2; time++) {
    expect(outcomeOf(await revoke(pairs[age]?.refresh_token ?? ""))).toBe("200");
    for (const { access_token, refresh_token } of pairs) {
      expect((await introspect(access_token)).json).toEqual(INACTIVE);
      expect((await introspect(refresh_token)).json).toEqual(INACTIVE);
      expect(outcomeOf(await refresh(refresh_token))).toBe("400 invalid_grant");
    }
  }
  expect([await isActive(other.access_token), await isActive(other.refresh_token)]).toEqual([true, true]);
  expect(idsOf(await list("several", { limit: "1" }))).toEqual([grantOf(other.refresh_token)]);
});

test("a token that is unknown, made up or wrong in its secret is revoked too, and that ends nothing", async () => {
  const { access_token, refresh_token } = await begin("kept");
  const stranger = await begin("stranger");
  const made = [
    "",
    ".",
    "nonsense",
    "ü€𝄞",
    grantOf(refresh_token),
    `${grantOf(refresh_token)}.`,
    `${grantOf(refresh_token)}.${stranger.refresh_token.split(".")[1]}`,
    `${grantOf(access_token)}.${stranger.access_token.split(".")[1]}`,
    `${refresh_token}.`,
    `${refresh_token}=`,
    ` ${refresh_token}`,
    "x".repeat(10_000),
  ];
  for (const token of made.filter(Boolean)) {
    expect((await introspect(token)).json, token).toEqual(INACTIVE);
    expect(outcomeOf(await revoke(token)), token).toBe("200");
    expect(outcomeOf(await refresh(token)), token).toBe("400 invalid_grant");
  }
  for (const pair of [{ access_token, refresh_token }, stranger])
    expect([await isActive(pair.access_token), await isActive(pair.refresh_token)]).toEqual([true, true]);
});

test("a hint at the type of a token, true or false or of no known type, changes nothing", async () => {
  for (const token_type_hint of ["access_token", "refresh_token", "saml"]) {
    const { access_token, refresh_token } = await begin("hinted");
    for (const token of [access_token, refresh_token]) {
      expect((await post("introspect", { token, token_type_hint })).json.active).toBe(true);
      expect(outcomeOf(await post("revoke", { token, token_type_hint }))).toBe("200");
      expect(await isActive(token)).toBe(false);
    }
  }
});

test("a caller without a valid token is no client, and one without the scope may not; both told as OAuth does", async () => {
  const { refresh_token } = await begin("guarded");
  const fields = { refresh_token, token: refresh_token, grant_type: "refresh_token" };
  const reader = await mintToken({ tenant: sandbox.tenant, scope: "tokens:read" });
  const stranger = await mintToken({ tenant: sandbox.tenant, scope: "cache:*" });
  for (const name of ["refresh", "revoke", "introspect"]) {
    for (const token of [null, "not.a.token"]) {
      const answer = await post(name, fields, { token });
      expect(outcomeOf(answer)).toBe("401 invalid_client");
      expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
      expect(answer.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
    }
    const allowed = name === "introspect" ? "200" : "403 unauthorized_client";
    expect(outcomeOf(await post(name, fields, { token: reader }))).toBe(allowed);
    expect(outcomeOf(await post(name, fields, { token: stranger }))).toBe("403 unauthorized_client");
  }
  expect(await isActive(refresh_token)).toBe(true);
});

test("as JSON the same are problem documents", async () => {
  const { refresh_token } = await begin("guarded");
  const send = (token: string | null, body: object) =>
    sandbox.api("POST", "/v1/tokens/refresh", { token, body });
  const reader = await mintToken({ tenant: sandbox.tenant, scope: "tokens:read" });
  expect(outcomeOf(await send(null, { refresh_token }))).toBe("401 token_missing");
  expect(outcomeOf(await send(reader, { refresh_token }))).toBe("403 scope_missing");
  expect(outcomeOf(await sandbox.api("POST", "/v1/tokens", { token: reader, body: {} }))).toBe(
    "403 scope_missing",
  );
  const [user, grant] = ["/v1/tokens/users/guarded", `/v1/tokens/grants/${grantOf(refresh_token)}`];
  for (const path of [user, grant])
    expect(outcomeOf(await sandbox.api("DELETE", path, { token: reader }))).toBe("403 scope_missing");
  expect(outcomeOf(await sandbox.api("GET", user, { token: reader }))).toBe("200");
  expect(await isActive(refresh_token)).toBe(true);
});

test("tokens are introspected and revoked by forms only", async () => {
  const { access_token: token } = await begin("forms");
  for (const name of ["introspect", "revoke"]) {
    for (const options of [{ body: { token } }, { body: `token=${token}`, headers: {} }, { headers: FORM }]) {
      const answer = await sandbox.api("POST", `/v1/tokens/${name}`, options);
      const expected = "body" in options ? "415 media_type_unsupported" : "400 invalid_request";
      expect(outcomeOf(answer)).toBe(expected);
      if (answer.status === 415) expect(answer.headers.accept).toBe(FORM["content-type"]);
    }
  }
  expect(await isActive(token)).toBe(true);
});
