import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, inject, test } from "vitest";
import { digestOf, homeOf } from "../../lib/opaque-token.ts";
import { tokenKeys } from "../../lib/redis/keys.ts";
import { outcomeOf, uniqueTenant } from "../api.ts";
import { composeTokens } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller, grantOf, idsOf } from "./caller.ts";

const tenant = uniqueTenant();
const compose = (access: string, refresh: string) =>
  composeTokens(inject("redisUrl"), {
    tenant,
    environment: { TOKENS_ACCESS_SECONDS: access, TOKENS_REFRESH_SECONDS: refresh },
  });
const briefAccess = compose("1", "60");
const briefFamily = compose("1", "1");
const usual = compose("60", "600");
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  for (const { connection } of [briefAccess, briefFamily, usual]) await connection.close();
});

const indexOf = (userId: string) => tokenKeys.ends(tenant, { home: homeOf(tenant, userId) });

describe.concurrent("time", () => {
  test("ends an access token, and its grant goes on", async ({ expect }) => {
    const { begin, refreshed, isActive } = createCaller(briefAccess.api);
    const { access_token, refresh_token, expires_in } = await begin("access");
    expect([expires_in, await isActive(access_token)]).toEqual([1, true]);
    await sleep(1100);
    expect([await isActive(access_token), await isActive(refresh_token)]).toEqual([false, true]);
    expect(await isActive((await refreshed(refresh_token)).access_token)).toBe(true);
  });

  test("ends an access token with its family, to the millisecond", async ({ expect }) => {
    const { begin, refreshed } = createCaller(briefFamily.api);
    const { refresh_token } = await begin("to the millisecond");
    await sleep(300);
    const { access_token } = await refreshed(refresh_token);
    const grant = grantOf(access_token);
    const id = { home: grant.slice(0, 20), name: grant.slice(20) };
    const access = await raw.pexpiretime(tokenKeys.access(tenant, id, digestOf(access_token)));
    expect(Math.abs(access - (await raw.pexpiretime(tokenKeys.grant(tenant, id))))).toBeLessThanOrEqual(1);
  });

  test("ends a family at last, however often it was refreshed, and with it the newest access token", async ({
    expect,
  }) => {
    const { begin, refresh, refreshed, introspect, isActive } = createCaller(briefFamily.api);
    let pair = await begin("family");
    const till = (await introspect(pair.refresh_token)).json.exp;
    for (let i = 0; i < 2; i++) {
      await sleep(300);
      pair = await refreshed(pair.refresh_token);
      for (const token of [pair.access_token, pair.refresh_token])
        expect((await introspect(token)).json.exp).toBe(till);
    }
    await sleep(500);
    for (const token of [pair.access_token, pair.refresh_token]) {
      expect(await isActive(token)).toBe(false);
      expect(outcomeOf(await refresh(token))).toBe("400 invalid_grant");
    }
    expect((await createCaller(usual.api).list("family")).json.grants).toEqual([]);
  });

  test("takes an expired grant out of the index with the next listing or issue", async ({ expect }) => {
    const { begin, list } = createCaller(usual.api);
    for (const userId of ["listed", "issued"]) await createCaller(briefFamily.api).begin(userId);
    const kept = await begin("listed");
    await begin("issued");
    expect([await raw.zcard(indexOf("listed")), await raw.zcard(indexOf("issued"))]).toEqual([2, 2]);
    await sleep(1100);
    expect(idsOf(await list("listed"))).toEqual([grantOf(kept.refresh_token)]);
    expect(await raw.zcard(indexOf("listed"))).toBe(1);
    await begin("issued");
    expect(await raw.zcard(indexOf("issued"))).toBe(2);
  });

  test("takes the whole index away with its last grant", async ({ expect }) => {
    await createCaller(briefFamily.api).begin("alone");
    expect(await raw.exists(indexOf("alone"))).toBe(1);
    await sleep(1100);
    expect(await raw.exists(indexOf("alone"))).toBe(0);
  });

  test("makes no room that is not there: an expired grant does not count, a live one is not ended for it", async ({
    expect,
  }) => {
    const few = composeTokens(inject("redisUrl"), { tenant, environment: { TOKENS_MAX_PER_USER: "2" } });
    const { begin, isActive } = createCaller(few.api);
    await createCaller(briefFamily.api).begin("few");
    const first = await begin("few");
    await sleep(1100);
    const second = await begin("few");
    expect([await isActive(first.refresh_token), await isActive(second.refresh_token)]).toEqual([true, true]);
    await few.connection.close();
  });
});

test("every key lives no longer than it is needed: the index as its last grant", async () => {
  const { begin, refresh, refreshed, revoke } = createCaller(usual.api);
  const first = await begin("lives");
  const second = await refreshed(first.refresh_token, { scope: "read" });
  await refreshed(second.refresh_token);
  const other = await begin("lives");
  await revoke((await refreshed(other.refresh_token)).access_token);
  await createCaller(briefAccess.api).begin("lives");
  expect(outcomeOf(await refresh(first.refresh_token))).toBe("400 invalid_grant");
  const seconds = new Map<string, number>();
  for (const key of await keysOf(raw, `${tenant}:*{${homeOf(tenant, "lives")}}*`))
    seconds.set(key, (await raw.pttl(key)) / 1000);
  for (const [key, left] of seconds) {
    expect(left, key).toBeGreaterThan(0);
    const most = key.includes(":sealed-") ? 10 : key.includes(":access-") ? 60 : 600;
    expect(left, key).toBeLessThanOrEqual(most);
  }
  expect(seconds.size).toBe(1 + 3 + 5 + 1);
});
