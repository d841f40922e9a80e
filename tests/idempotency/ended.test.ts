import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import type { Answer } from "../api.ts";
import { type Composition, until } from "../composition.ts";
import { createCaller as createSessionsCaller } from "../sessions/caller.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { createCaller as createTokensCaller, grantOf } from "../tokens/caller.ts";
import { KEYED, type KeyedCall, send } from "./calls.ts";

const environment = { REDIS_DEADLINE_MS: "400" };
/** Nobody else runs a call in that time; whatever is remembered for less is forgotten then. */
const CLAIM_MS = 2 * 400;
/** By default. */
const REMEMBER_MS = 600_000;
/** Claim and work; what would come next is to write down the answer. */
const BEFORE_THE_ANSWER = 2;

type Api = Composition["api"];

/** What a call with a key has made. */
interface Made {
  readonly isAlive: (api: Api, made: Answer) => Promise<boolean>;
  readonly ends: Readonly<Record<string, (api: Api, made: Answer) => Promise<Answer>>>;
}

const isActive = (api: Api, token: string) => createTokensCaller(api).isActive(token);

const MADE: Readonly<Record<string, Made>> = {
  "POST /v1/sessions": {
    async isAlive(api, { json }) {
      return (await createSessionsCaller(api).verify(json.token)).status === 200;
    },
    ends: {
      "by its id": (api, { json }) => createSessionsCaller(api).end(json.session.id),
      "with those of its user": (api) => createSessionsCaller(api).endAll("ann"),
    },
  },
  "POST /v1/tokens": {
    async isAlive(api, { json }) {
      const states = [await isActive(api, json.access_token), await isActive(api, json.refresh_token)];
      return states.includes(true);
    },
    ends: {
      "by its refresh token": (api, { json }) => createTokensCaller(api).revoke(json.refresh_token),
      "by its grant's id": (api, { json }) => createTokensCaller(api).endGrant(grantOf(json.refresh_token)),
      "with those of its user": (api) => createTokensCaller(api).endAll("ann"),
    },
  },
};

let server: RunningRedis;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin?.disconnect();
  await server?.stop();
});

/** A call that was answered, and of whose answer Redis knows nothing; another sandbox goes on. */
async function cutBeforeItsAnswer({ compose, prepare }: KeyedCall, more: Record<string, string> = {}) {
  const proxy = await startTcpProxy(server.url);
  onTestFinished(() => proxy.close());
  const settings = { environment: { ...environment, ...more } };
  const cut = compose(proxy.url, settings);
  const other = compose(server.url, { ...settings, tenant: cut.tenant });
  onTestFinished(async () => {
    for (const { connection } of [cut, other]) await connection.close();
  });
  const call = await prepare(other.api);
  await cut.connection.ping();
  proxy.faults.delayMs = 40; // time to see that a reply is on its way, and let nothing follow it
  const trips = proxy.roundTrips();
  const calling = send(cut, call, "cut");
  while (proxy.roundTrips() < trips + BEFORE_THE_ANSWER) await sleep(1);
  proxy.faults.ignoreNew = true;
  proxy.blackHole();
  const made = await calling;
  expect(made.status, made.text).toBeLessThan(300);
  return { api: other.api, tenant: cut.tenant, call, made };
}

describe.each(Object.entries(MADE))(
  "what %s has made, and somebody has ended",
  (operation, { isAlive, ends }) => {
    test.each(Object.entries(ends))("%s, stays ended when the same is sent again", async (_, end) => {
      const { api, tenant, call, made } = await cutBeforeItsAnswer(KEYED[operation] as KeyedCall);
      expect(await isAlive(api, made)).toBe(true);
      expect((await end(api, made)).status).toBeLessThan(300);
      expect(await isAlive(api, made)).toBe(false);
      await sleep(CLAIM_MS + 200);
      const again = await until(
        () => send({ api }, call, "cut"),
        ({ status }) => status !== 409,
      );
      expect(again.text, "it was run again").toBe(made.text);
      expect(await isAlive(api, made)).toBe(false);
      const [key = ""] = await admin.keys(`${tenant}:*:call`);
      const leftMs = await admin.pttl(key);
      expect(leftMs, "its key is known no longer for that").toBeLessThan(REMEMBER_MS - CLAIM_MS);
    });
  },
);

test("an access token that was revoked stays so when the same is sent again", async () => {
  const { api, call, made } = await cutBeforeItsAnswer(KEYED["POST /v1/tokens"] as KeyedCall);
  const { access_token, refresh_token } = made.json;
  await createTokensCaller(api).revoke(access_token);
  const again = await until(
    () => send({ api }, call, "cut"),
    ({ status }) => status !== 409,
  );
  expect(again.text).toBe(made.text);
  expect([await isActive(api, access_token), await isActive(api, refresh_token)]).toEqual([false, true]);
});

test.each(["revoked", "expired"])(
  "tokens that were %s stay so when the same is sent again after the life of their family",
  async (how) => {
    const life = { TOKENS_ACCESS_SECONDS: "2", TOKENS_REFRESH_SECONDS: "2" };
    const { api, call, made } = await cutBeforeItsAnswer(KEYED["POST /v1/tokens"] as KeyedCall, life);
    const { access_token, refresh_token } = made.json;
    if (how === "revoked") await createTokensCaller(api).revoke(refresh_token);
    await sleep(2100);
    const again = await send({ api }, call, "cut");
    expect(again.status, again.text).toBe(200);
    expect(await isActive(api, again.json.access_token), "it is another call by now").toBe(true);
    expect([await isActive(api, access_token), await isActive(api, refresh_token)]).toEqual([false, false]);
  },
);
