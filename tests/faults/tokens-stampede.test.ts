import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { homeOf } from "../../lib/opaque-token.ts";
import type { Tokens } from "../../lib/tokens/tokens.ts";
import { type Answer, outcomeOf, uniqueTenant } from "../api.ts";
import { type Composition, composeTokens } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { createCaller, grantOf, type Pair, type TokensCaller } from "../tokens/caller.ts";

const CALLERS = 100;
const ROUNDS = 20;
const tenant = uniqueTenant();

let proxy: TcpProxy;
let sandboxes: Composition<Tokens>[];
let callers: TokensCaller[];
let raw: Redis;

beforeAll(async () => {
  raw = new Redis(inject("redisUrl"));
  proxy = await startTcpProxy(inject("redisUrl"));
  sandboxes = Array.from({ length: 8 }, () => composeTokens(proxy.url, { tenant }));
  callers = sandboxes.map(({ api }) => createCaller(api));
  await Promise.all(sandboxes.map(({ connection }) => connection.ping()));
});
afterAll(async () => {
  raw?.disconnect();
  for (const { connection } of sandboxes ?? []) await connection.close();
  await proxy?.close();
});

/** One of the sandboxes, each of which has a connection of its own. */
const on = (number: number) => callers[number % callers.length] as TokensCaller;
const refreshAtOnce = (refreshToken: string): Promise<Answer>[] =>
  Array.from({ length: CALLERS }, (_, number) => on(number).refresh(refreshToken));

/** Each issue and each rotation makes one access token. */
async function countAccessTokens(userId: string): Promise<number> {
  let count = 0;
  const match = `${tenant}:tokens:{${homeOf(tenant, userId)}}:access-*`;
  for await (const keys of raw.scanStream({ match })) count += (keys as string[]).length;
  return count;
}

async function expectOneRotation(userId: string, answers: readonly Answer[]): Promise<void> {
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  const pair: Pair = answers[0]?.json;
  expect(await countAccessTokens(userId)).toBe(2);
  expect([await on(0).isActive(pair.access_token), await on(1).isActive(pair.refresh_token)]).toEqual([
    true,
    true,
  ]);
  expect((await on(2).refresh(pair.refresh_token)).status).toBe(200);
}

test("of 100 refreshes of one token at once one rotates it, and all get the same pair", async () => {
  const { refresh_token } = await on(0).begin("at once");
  await expectOneRotation("at once", await Promise.all(refreshAtOnce(refresh_token)));
});

test("of 100 refreshes one rotates the token though connections are reset while they ask", async () => {
  const { refresh_token } = await on(0).begin("cut");
  const answering = refreshAtOnce(refresh_token);
  for (let cuts = 0; cuts < 5; cuts++) {
    await sleep(10);
    proxy.cut();
  }
  await expectOneRotation("cut", await Promise.all(answering));
});

test("of 100 presentations of a stolen token exactly one is told as the theft, and all are refused", async () => {
  const stolen = await on(0).begin("stolen");
  const next = await on(1).refreshed(stolen.refresh_token);
  const last = await on(2).refreshed(next.refresh_token);
  const presenting = Array.from({ length: CALLERS }, (_, number) => {
    const { served } = sandboxes[number % sandboxes.length] as Composition<Tokens>;
    return served.refresh(tenant, { refreshToken: stolen.refresh_token });
  });
  const states = (await Promise.all(presenting)).map(({ state }) => state);
  expect(states.filter((state) => state === "reused")).toHaveLength(1);
  expect(states.filter((state) => state === "invalid_grant")).toHaveLength(CALLERS - 1);
  expect(outcomeOf(await on(0).refresh(last.refresh_token))).toBe("400 invalid_grant");
});

test.each<[string, (userId: string, first: Pair) => Promise<Answer>]>([
  ["its refresh token is revoked", (_, { refresh_token }) => on(1).revoke(refresh_token)],
  ["its grant is ended", (_, { access_token }) => on(1).endGrant(grantOf(access_token))],
  ["all grants of the user are ended", (userId) => on(1).endAll(userId)],
])("nothing is in force after %s in the midst of refreshes", async (name, end) => {
  for (let round = 0; round < ROUNDS; round++) {
    const userId = `${name} ${round}`;
    const first = await on(0).begin(userId);
    const refreshing = Array.from({ length: 8 }, (_, number) => on(number).refresh(first.refresh_token));
    await sleep(round % 4);
    expect((await end(userId, first)).status).toBeLessThan(300);
    const pairs = (await Promise.all(refreshing)).filter(({ status }) => status === 200);
    for (const { access_token, refresh_token } of [first, ...pairs.map(({ json }) => json as Pair)]) {
      expect([await on(2).isActive(access_token), await on(3).isActive(refresh_token)]).toEqual([
        false,
        false,
      ]);
      expect(outcomeOf(await on(4).refresh(refresh_token))).toBe("400 invalid_grant");
    }
    expect((await on(5).list(userId)).json.grants).toEqual([]);
  }
});

test("no user ever has more grants than there may be, however many are issued at once", async () => {
  const environment = { TOKENS_MAX_PER_USER: "5" };
  const few = sandboxes.map(() => composeTokens(inject("redisUrl"), { tenant, environment }));
  const issuing = few.flatMap(({ api }) => Array.from({ length: 5 }, () => createCaller(api).begin("crowd")));
  const pairs = await Promise.all(issuing);
  const active = await Promise.all(pairs.map(({ access_token }) => on(0).isActive(access_token)));
  expect(active.filter(Boolean)).toHaveLength(5);
  expect((await on(0).list("crowd")).json.grants).toHaveLength(5);
  for (const { connection } of few) await connection.close();
});
