import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { outcomeOf, uniqueTenant } from "../api.ts";
import { composeTokens } from "../composition.ts";
import { createCaller, grantOf, idsOf } from "./caller.ts";

const tenant = uniqueTenant();
const MAX = { TOKENS_MAX_PER_USER: "3" };
const sandbox = composeTokens(inject("redisUrl"), { tenant, environment: MAX });
/** The same tenant, after somebody had second thoughts on how long a grant should last. */
const shortLived = composeTokens(inject("redisUrl"), {
  tenant,
  environment: { ...MAX, TOKENS_REFRESH_SECONDS: "3600" },
});
const caller = createCaller(sandbox.api);
const { issue, begin, refresh, refreshed, refreshJson, introspect, isActive, endGrant, endAll } = caller;
afterAll(async () => {
  await sandbox.connection.close();
  await shortLived.connection.close();
});

const MONTH = 2_592_000;
const INACTIVE = { active: false };

test("a grant is issued as it was asked for, and its tokens say so", async () => {
  const answer = await issue({ userId: "ü/x", clientId: "äpp", scope: "read write", device: "phone 📱" });
  expect([answer.status, answer.headers]).toEqual([
    200,
    { "content-type": "application/json", "cache-control": "no-store", pragma: "no-cache" },
  ]);
  const { access_token, refresh_token, ...rest } = answer.json;
  expect(rest).toEqual({ token_type: "Bearer", expires_in: 900, scope: "read write" });

  const head = { active: true, scope: "read write", client_id: "äpp", sub: "ü/x", device: "phone 📱" };
  const access = await introspect(access_token);
  expect(access.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
  const { iat, exp } = access.json;
  expect(access.json).toEqual({ ...head, token_type: "Bearer", iat, exp });
  expect(exp - iat).toBe(900);
  expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(10);
  const times = { iat, exp: iat + MONTH };
  expect((await introspect(refresh_token)).json).toEqual({ ...head, token_type: "refresh_token", ...times });
});

test("a grant without a device has none", async () => {
  const { access_token, refresh_token } = await begin("no device");
  for (const token of [access_token, refresh_token])
    expect((await introspect(token)).json).not.toHaveProperty("device");
});

test("every token has 256 random bits of its own, and a family 144 more", async () => {
  const pairs = await Promise.all(Array.from({ length: 50 }, (_, i) => begin(`user-${i}`)));
  const secrets = (name: "access_token" | "refresh_token") =>
    pairs.map((pair) => Buffer.from(pair[name].split(".")[1] ?? "", "base64url"));
  for (const secret of secrets("access_token")) expect(secret.length).toBe(32);
  for (const secret of secrets("refresh_token")) expect(secret.length).toBe(18 + 32);
  const parts = [
    ...secrets("access_token"),
    ...secrets("refresh_token").flatMap((bytes) => [bytes.subarray(0, 18), bytes.subarray(18)]),
  ];
  expect(new Set(parts.map((part) => part.toString("hex"))).size).toBe(150);
});

test("a refresh token is exchanged, by a form or as JSON, and the life of its family stays what it was", async () => {
  const first = await begin("exchange", { device: "phone" });
  const till = (await introspect(first.refresh_token)).json.exp;
  const answer = await refresh(first.refresh_token);
  expect(answer.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
  const second = answer.json;
  const { refresh_token } = second;
  const third = (await refreshJson({ refresh_token, grant_type: "refresh_token" })).json;
  const fourth = (await refreshJson({ refresh_token: third.refresh_token })).json;
  const pairs = [first, second, third, fourth];
  for (const [age, { access_token, refresh_token, ...rest }] of pairs.entries()) {
    expect(rest).toEqual({ token_type: "Bearer", expires_in: 900, scope: "read write" });
    expect(grantOf(refresh_token)).toBe(grantOf(first.refresh_token));
    expect(await isActive(access_token), "until it expires").toBe(true);
    const { json } = await introspect(refresh_token);
    expect(json).toEqual(age === 3 ? expect.objectContaining({ device: "phone", exp: till }) : INACTIVE);
  }
  expect(new Set(pairs.flatMap((pair) => [pair.access_token, pair.refresh_token])).size).toBe(8);
});

test("the token that was exchanged last gives the identical pair again, by a form and as JSON", async () => {
  const { refresh_token } = await begin("again");
  const { text, json } = await refresh(refresh_token);
  for (let time = 0; time < 3; time++) {
    expect((await refresh(refresh_token)).text).toBe(text);
    expect((await refreshJson({ refresh_token })).text).toBe(text);
  }
  expect(await isActive(json.refresh_token)).toBe(true);
});

test("who names another client or device gets nothing, and rotates and ends nothing", async () => {
  const { refresh_token } = await begin("bound", { device: "phone" });
  for (const named of [{ client_id: "other" }, { device: "tablet" }, { client_id: "app", device: "Phone" }]) {
    expect(outcomeOf(await refresh(refresh_token, named))).toBe("400 invalid_grant");
    expect(outcomeOf(await refreshJson({ refresh_token, ...named }))).toBe("400 invalid_grant");
  }
  const right = { client_id: "app", device: "phone" };
  const next = await refreshed(refresh_token, right);
  expect(outcomeOf(await refresh(refresh_token, { client_id: "other" })), "nor by a replay").toBe(
    "400 invalid_grant",
  );
  expect(await refreshed(refresh_token, right)).toEqual(next);
  const bare = await begin("bound");
  expect(outcomeOf(await refresh(bare.refresh_token, { device: "phone" }))).toBe("400 invalid_grant");
  expect(await isActive(bare.refresh_token)).toBe(true);
});

test("a smaller scope is for the new access token only", async () => {
  const first = await begin("narrow", { scope: "read write read:all" });
  const narrow = await refreshed(first.refresh_token, { scope: "write read" });
  expect(narrow.scope).toBe("write read");
  expect((await introspect(narrow.access_token)).json.scope).toBe("write read");
  expect((await introspect(narrow.refresh_token)).json.scope).toBe("read write read:all");
  expect(await refreshed(first.refresh_token)).toEqual(narrow);
  expect(outcomeOf(await refresh(first.refresh_token, { scope: "admin" }))).toBe("400 invalid_scope");
  const wide = await refreshed(narrow.refresh_token);
  expect(wide.scope).toBe("read write read:all");
  expect((await introspect(wide.access_token)).json.scope).toBe("read write read:all");
});

test.each(["admin", "read admin", "rea", "read:", "read.all", "%w+", "READ", "ad", "re.d"])(
  "the scope %j, which is more than was granted, rotates nothing",
  async (scope) => {
    const { refresh_token } = await begin("greedy", { scope: "read read:all" });
    expect(outcomeOf(await refresh(refresh_token, { scope }))).toBe("400 invalid_scope");
    expect(outcomeOf(await refreshJson({ refresh_token, scope }))).toBe("400 invalid_scope");
    expect(await isActive(refresh_token)).toBe(true);
  },
);

test("an access token refreshes nothing, and a refresh token is none", async () => {
  const { access_token, refresh_token } = await begin("mixed up");
  expect(outcomeOf(await refresh(access_token))).toBe("400 invalid_grant");
  expect((await introspect(refresh_token)).json.token_type).toBe("refresh_token");
});

test("a user with as many grants as there may be loses the oldest, with all its tokens", async () => {
  const pairs = [];
  for (let i = 0; i < 4; i++) {
    pairs.push(await begin("full"));
    await sleep(2); // those of one millisecond are equally old
  }
  const [oldest, ...others] = pairs;
  expect(await isActive(oldest?.access_token ?? "")).toBe(false);
  expect(outcomeOf(await refresh(oldest?.refresh_token ?? ""))).toBe("400 invalid_grant");
  for (const { access_token, refresh_token } of others)
    expect([await isActive(access_token), await isActive(refresh_token)]).toEqual([true, true]);
  expect(idsOf(await caller.list("full"))).toEqual(
    others.map((pair) => grantOf(pair.access_token)).reverse(),
  );
});

test("a new grant is in force, though it ends before all others of a user who has too many", async () => {
  for (let i = 0; i < 3; i++) await begin("shorter");
  const { access_token, refresh_token } = await createCaller(shortLived.api).begin("shorter");
  expect(await isActive(access_token)).toBe(true);
  expect(await isActive(refresh_token)).toBe(true);
  expect(idsOf(await caller.list("shorter")).length).toBe(3);
});

test("a tenant never sees, uses or ends another tenant's grant, though it knows its id and its tokens", async () => {
  const other = createCaller(sandbox.apiOf(uniqueTenant()));
  const { access_token, refresh_token } = await begin("same");
  const theirs = await other.begin("same");
  for (const token of [access_token, refresh_token]) {
    expect((await other.introspect(token)).json).toEqual(INACTIVE);
    expect(outcomeOf(await other.refresh(token))).toBe("400 invalid_grant");
    expect(outcomeOf(await other.revoke(token))).toBe("200");
  }
  expect(outcomeOf(await other.endGrant(grantOf(refresh_token)))).toBe("204");
  expect(idsOf(await other.list("same"))).toEqual([grantOf(theirs.access_token)]);
  expect(outcomeOf(await other.endAll("same"))).toBe("204");
  expect([await isActive(access_token), await isActive(refresh_token)]).toEqual([true, true]);
  expect(idsOf(await caller.list("same"))).toEqual([grantOf(access_token)]);
  expect(await other.isActive(theirs.access_token)).toBe(false);
});

test("a grant ends by its id, and all of a user's at once; ending them again is fine", async () => {
  const [one, two, three] = [await begin("ends"), await begin("ends"), await begin("ends")];
  const stranger = await begin("stranger");
  const next = await refreshed(one.refresh_token);
  for (let time = 0; time < 2; time++) {
    expect(outcomeOf(await endGrant(grantOf(one.access_token)))).toBe("204");
    for (const token of [one.access_token, one.refresh_token, next.access_token, next.refresh_token]) {
      expect((await introspect(token)).json).toEqual(INACTIVE);
      expect(outcomeOf(await refresh(token))).toBe("400 invalid_grant");
    }
  }
  expect(await isActive(two.access_token)).toBe(true);
  for (let time = 0; time < 2; time++) {
    const answer = await endAll("ends");
    expect([answer.status, answer.text]).toEqual([204, ""]);
    for (const { access_token, refresh_token } of [two, three]) {
      expect(await isActive(access_token)).toBe(false);
      expect(outcomeOf(await refresh(refresh_token))).toBe("400 invalid_grant");
    }
  }
  expect((await caller.list("ends")).json).toEqual({ grants: [] });
  expect(await isActive(stranger.access_token)).toBe(true);
});
