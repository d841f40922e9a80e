import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test, vi } from "vitest";
import { tokensContract } from "../../lib/tokens/contract.ts";
import { outcomeOf } from "../api.ts";
import { type CompositionOptions, composeTokens, until } from "../composition.ts";
import { captureOutput } from "../http/captured.ts";
import { createCaller, grantOf, idsOf, type Pair } from "../tokens/caller.ts";
import { describeLostReplies, newKey, type Operation, sendTwice, startCallers } from "./lost-replies.ts";

/** A third grant evicts, and a theft is counted. */
const environment = { TOKENS_MAX_PER_USER: "2", POWERTOOLS_METRICS_DISABLED: "false" };
const compose = (redisUrl: string, options: CompositionOptions = {}) =>
  composeTokens(redisUrl, { ...options, environment });

const output = captureOutput();
afterAll(() => void vi.restoreAllMocks());
const { line, caller, other } = await startCallers(compose, createCaller);

async function begin(userId: string, device = "first"): Promise<Pair> {
  const pair = await other.begin(userId, { device });
  await sleep(2); // those of one millisecond have no order
  return pair;
}
/** Pairs of one grant, oldest first. */
async function beginAndRefresh(userId: string, times: number): Promise<Pair[]> {
  const pairs = [await begin(userId)];
  for (let i = 0; i < times; i++) pairs.push(await other.refreshed(pairs.at(-1)?.refresh_token ?? ""));
  return pairs;
}
/** What its tokens are good for, and what the user has. */
async function look(userId: string, ...pairs: Pair[]): Promise<unknown> {
  const tokens = pairs.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]);
  return [
    await Promise.all(tokens.map(async (token) => (await other.introspect(token)).text)),
    (await other.list(userId)).text,
  ];
}
const oneOf = (prepared: unknown, index: number) => (prepared as Pair[])[index] as Pair;
const lookAfter = async (userId: string, _: unknown, prepared: unknown) =>
  look(userId, ...(prepared as Pair[]));

const operations: Record<string, Operation> = {
  "an issue": {
    of: "issueTokens",
    run: (userId) => caller.issue({ userId, clientId: "app", scope: "read" }),
    state: (userId, { json }) => look(userId, json),
  },
  "an issue that ends the oldest": {
    of: "issueTokens",
    prepare: async (userId) => [await begin(userId), await begin(userId, "second")],
    run: (userId) => caller.issue({ userId, clientId: "app", scope: "read", device: "third" }),
    state: (userId, { json }, prepared) => look(userId, json, ...(prepared as Pair[])),
  },
  "a refresh": {
    of: "refreshTokens",
    prepare: (userId) => beginAndRefresh(userId, 1),
    run: (_, prepared) => caller.refresh(oneOf(prepared, 1).refresh_token, { scope: "read" }),
    state: async (userId, { json }, prepared) => [
      await look(userId, json, ...(prepared as Pair[])),
      JSON.stringify(await other.refreshed(oneOf(prepared, 1).refresh_token)) === JSON.stringify(json),
    ],
  },
  "a replay": {
    of: "refreshTokens",
    prepare: (userId) => beginAndRefresh(userId, 1),
    run: (_, prepared) => caller.refresh(oneOf(prepared, 0).refresh_token),
    state: async (userId, { text }, prepared) => [
      await look(userId, ...(prepared as Pair[])),
      text === JSON.stringify(oneOf(prepared, 1)),
    ],
  },
  "a theft, and its count,": {
    of: "refreshTokens",
    prepare: async (userId) => {
      const pairs = await beginAndRefresh(userId, 2);
      output.lines();
      return pairs;
    },
    run: (_, prepared) => caller.refresh(oneOf(prepared, 0).refresh_token),
    state: async (userId, _, prepared) => {
      await other.refresh(oneOf(prepared, 0).refresh_token);
      const counts = output.metrics().map(({ RefreshTokenReuse }) => RefreshTokenReuse ?? 0);
      return [counts, await lookAfter(userId, _, prepared)];
    },
  },
  "the end of an access token": {
    of: "revokeToken",
    prepare: (userId) => beginAndRefresh(userId, 1),
    run: (_, prepared) => caller.revoke(oneOf(prepared, 0).access_token),
    state: lookAfter,
  },
  "the end of a refresh token": {
    of: "revokeToken",
    prepare: (userId) => beginAndRefresh(userId, 2),
    run: (_, prepared) => caller.revoke(oneOf(prepared, 0).refresh_token),
    state: lookAfter,
  },
  "the end of a grant": {
    of: "deleteGrant",
    prepare: async (userId) => [await begin(userId), await begin(userId, "second")],
    run: (_, prepared) => caller.endGrant(grantOf(oneOf(prepared, 0).access_token)),
    state: lookAfter,
  },
  "the end of all grants": {
    of: "deleteGrants",
    prepare: async (userId) => [await begin(userId), await begin(userId, "second")],
    run: (userId) => caller.endAll(userId),
    state: lookAfter,
  },
};

/** Ids with or without a secret, and times. */
const changing =
  /urn:uuid:[\w-]+|[\w-]{20}[0-9a-z]{9}[\w-]{11}(\.[\w-]{43,67})?|\d{4}-\d\d-\d\dT[\d:.]+Z|(?<=(iat|exp)\W+)\d+/g;
describeLostReplies(tokensContract, operations, () => line, changing);

const untilRotated = (refreshToken: string) =>
  until(
    () => other.isActive(refreshToken),
    (active) => !active,
  );
const untilListed = async (userId: string) =>
  until(
    async () => idsOf(await other.list(userId)),
    (ids) => ids.length > 0,
  );

test("a refresh that is sent again gets its own pair, though others have had it and gone on with it", async () => {
  const { refresh_token } = await begin(newKey());
  let theirs: Pair | undefined;
  let last: Pair | undefined;
  const refresh = () => caller.refreshed(refresh_token);
  const pair = await sendTwice(line, refresh, async () => {
    await untilRotated(refresh_token);
    theirs = await other.refreshed(refresh_token);
    last = await other.refreshed(theirs.refresh_token, { scope: "read" });
  });
  expect(pair).toEqual(theirs);
  expect(await caller.refreshed(pair.refresh_token), "and goes on as they did").toEqual(last);
});

test("a refresh that is sent again never brings back what somebody ended since it ran", async () => {
  const userId = newKey();
  const first = await begin(userId);
  const refresh = () => caller.refresh(first.refresh_token);
  const answer = await sendTwice(line, refresh, async () => {
    await untilRotated(first.refresh_token);
    await other.revoke(first.refresh_token);
  });
  expect(outcomeOf(answer)).toBe("400 invalid_grant");
  expect(await other.isActive(first.access_token)).toBe(false);
  expect(idsOf(await other.list(userId))).toEqual([]);
});

test.each<[string, (userId: string, id: string) => Promise<unknown>]>([
  ["this grant", (_, id) => other.endGrant(id)],
  ["all grants of the user", (userId) => other.endAll(userId)],
])("an issue that is sent again is not one again after somebody ended %s", async (_, end) => {
  const userId = newKey();
  const issue = () => caller.begin(userId);
  const { access_token, refresh_token } = await sendTwice(line, issue, async () => {
    const [id = ""] = await untilListed(userId);
    await end(userId, id);
  });
  expect([await other.isActive(access_token), await other.isActive(refresh_token)]).toEqual([false, false]);
  expect(idsOf(await other.list(userId))).toEqual([]);
});

test("a client that was told 503 though the refresh ran gets the pair when it asks again within the grace", async () => {
  const { refresh_token } = await begin(newKey());
  const { faults } = line.proxy;
  await line.sandbox.connection.ping();
  faults.swallowReplies = true;
  const answer = await caller.refresh(refresh_token);
  faults.swallowReplies = false;
  expect(outcomeOf(answer)).toBe("503 temporarily_unavailable");
  expect(answer.headers["retry-after"]).toBe("1");
  expect(await other.isActive(refresh_token), "it did run").toBe(false);
  const pair = await caller.refreshed(refresh_token);
  expect(await other.refreshed(refresh_token)).toEqual(pair);
  expect([await other.isActive(pair.access_token), await other.isActive(pair.refresh_token)]).toEqual([
    true,
    true,
  ]);
});

test("an end of all grants that is sent again does not end what was issued since it ran", async () => {
  const userId = newKey();
  await begin(userId);
  const { faults, roundTrips } = line.proxy;
  await line.sandbox.connection.ping();
  const before = roundTrips();
  faults.delayMs = 100; // time to lose the second reply and not the first, which says what there is to end
  const ending = caller.endAll(userId);
  await until(
    async () => roundTrips(),
    (now) => now > before,
  );
  Object.assign(faults, { swallowReplies: true, delayMs: 0 });
  await until(
    async () => idsOf(await other.list(userId)),
    (ids) => ids.length === 0,
  );
  await begin(userId, "later");
  faults.swallowReplies = false;
  expect(outcomeOf(await ending)).toBe("204");
  const { grants } = (await other.list(userId)).json;
  expect(grants.map(({ device }: { device: string }) => device)).toEqual(["later"]);
});
