import fc from "fast-check";
import { Redis } from "ioredis";
import { afterEach, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { createIamCredentials, type IamOptions } from "../../lib/aws/iam-token.ts";
import type { Credentials } from "../../lib/redis/credentials.ts";
import { type IamFront, type IamRules, judge, startIamFront } from "./iam-front.ts";

const MINUTE = 60_000;
const CACHE = { cacheName: "Orders-Cache", userId: "app-user", serverless: true, region: "eu-central-1" };
const KEYS = {
  accessKeyId: "AKIDLOCAL",
  secretAccessKey: "secret/key+local",
  sessionToken: "session+token/==",
};
const RULES: IamRules = { ...CACHE, ...KEYS };

afterEach(() => void vi.useRealTimers());

/** From now on the time is what the test says. */
function stopClock() {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-23T23:55:00Z") });
  return { advance: (ms: number) => void vi.setSystemTime(Date.now() + ms) };
}

async function frontWith(rules: Partial<IamRules> = {}): Promise<IamFront> {
  const front = await startIamFront(inject("redisUrl"), { ...RULES, ...rules });
  onTestFinished(() => front.close());
  return front;
}

/** Connects, and gives the client or rejects with what the server said. */
async function login(front: IamFront, { username = "", password }: Credentials): Promise<Redis> {
  const redis = new Redis({
    ...{ port: front.port, username, password, lazyConnect: true },
    ...{ retryStrategy: null, maxRetriesPerRequest: 0, enableOfflineQueue: false, enableReadyCheck: false },
  });
  onTestFinished(() => redis.disconnect());
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  redis.on("error", reject);
  await Promise.race([redis.connect(), promise]);
  return redis;
}

const source = (options: Partial<IamOptions> = {}) =>
  createIamCredentials({ ...CACHE, keys: async () => KEYS, ...options });

describe("a token", () => {
  test.each([
    ["a serverless cache", { serverless: true }],
    ["a replication group", { serverless: false }],
  ])("opens %s, and the connection then reaches Redis", async (_, kind) => {
    const front = await frontWith(kind);
    const credentials = await source(kind).get();
    expect(credentials.username).toBe("app-user");
    const redis = await login(front, credentials);
    expect(await redis.ping()).toBe("PONG");
    expect(await redis.echo("söme bytes\r\n")).toBe("söme bytes\r\n");
    expect({ auths: front.auths(), refusals: front.refusals }).toEqual({ auths: 1, refusals: [] });
  });

  test("has the form that ElastiCache takes: no scheme, the name in lower case, and nothing but what it asks for", async () => {
    stopClock();
    const { password } = await source().get();
    expect(password).toMatch(/^orders-cache\/\?Action=connect&/);
    expect(Object.fromEntries(new URL(`http://${password}`).searchParams)).toEqual({
      Action: "connect",
      User: "app-user",
      ResourceType: "ServerlessCache",
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": "AKIDLOCAL/20261123/eu-central-1/elasticache/aws4_request",
      "X-Amz-Date": "20261123T235500Z",
      "X-Amz-Expires": "900",
      "X-Amz-Security-Token": "session+token/==",
      "X-Amz-SignedHeaders": "host",
      "X-Amz-Signature": expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test.each<[string, Partial<IamRules>]>([
    ["host", { cacheName: "other" }],
    ["user", { userId: "admin" }],
    ["ResourceType", { serverless: false }],
    ["X-Amz-Credential", { region: "eu-west-1" }],
    ["X-Amz-Credential", { accessKeyId: "AKIDOTHER" }],
    ["X-Amz-Security-Token", { sessionToken: "another" }],
    ["X-Amz-Signature", { secretAccessKey: "another" }],
  ])("is no good for another %s", async (reason, rules) => {
    const front = await frontWith(rules);
    const credentials = await source().get();
    await expect(login(front, credentials)).rejects.toThrow("WRONGPASS");
    expect(front.refusals).toEqual([reason]);
  });

  test("is no good once a character of it is changed, and nobody gets in without one", async () => {
    const front = await frontWith();
    const { username, password } = await source().get();
    const changed = password.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    await expect(login(front, { username, password: changed })).rejects.toThrow("WRONGPASS");
    await expect(login(front, { username, password: "guess" })).rejects.toThrow("WRONGPASS");
    await expect(login(front, { password: "" })).rejects.toThrow("NOAUTH");
  });

  test("is good for 15 minutes and not a second longer", async () => {
    const clock = stopClock();
    const front = await frontWith();
    const credentials = await source().get();
    clock.advance(15 * MINUTE - 1000);
    await login(front, credentials);
    clock.advance(1000);
    await expect(login(front, credentials)).rejects.toThrow("WRONGPASS");
    expect(front.refusals).toEqual(["expired"]);
  });

  test("is right for any name of a user and of a cache", async () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
      fc.string({
        unit: fc.constantFrom(..."aZ09-._~!'()*%/?#&=+:@;, \\\"é€😀", "%2F", "//"),
        minLength: 1,
        maxLength: 20,
      }),
    );
    const secret = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 60 });
    const property = fc.asyncProperty(
      fc.record({
        cacheName: name,
        userId: name,
        serverless: fc.boolean(),
        region: fc.stringMatching(/^[a-z]{2}-[a-z]{4,9}-\d$/),
      }),
      fc.record(
        {
          accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
          secretAccessKey: secret,
          sessionToken: secret,
        },
        { requiredKeys: ["accessKeyId", "secretAccessKey"] },
      ),
      async (cache, keys) => {
        const { username, password } = await source({ ...cache, keys: async () => keys }).get();
        expect(username).toBe(cache.userId);
        expect(judge(password, { ...cache, ...keys }, Date.now())).toBeUndefined();
        expect(
          judge(password, { ...cache, ...keys, secretAccessKey: `${keys.secretAccessKey}x` }, Date.now()),
        ).toBe("X-Amz-Signature");
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});

describe("a connection", () => {
  test("takes a new token while it is in use, and lives 12 hours longer for it", async () => {
    const clock = stopClock();
    const front = await frontWith();
    const { get } = source();
    const [prolonged, forgotten] = [await login(front, await get()), await login(front, await get())];
    const ended = new Promise((resolve) => forgotten.once("close", resolve));
    clock.advance(11 * 60 * MINUTE);
    const { username = "", password } = await get();
    const answers = await Promise.all([
      prolonged.echo("before"),
      prolonged.auth(username, password),
      prolonged.echo("after"),
    ]);
    expect(answers).toEqual(["before", "OK", "after"]);
    clock.advance(61 * MINUTE);
    front.endOverdue();
    await ended;
    expect(await prolonged.ping()).toBe("PONG");
  });

  test("stays what it was when a later token is refused", async () => {
    const front = await frontWith();
    const { username = "", password } = await source().get();
    const redis = await login(front, { username, password });
    const refused = redis.auth(username, `${password}0`);
    const next = redis.ping();
    await expect(refused).rejects.toThrow("WRONGPASS");
    expect(await next).toBe("PONG");
  });
});

describe("the source", () => {
  test("gives the same token for 10 minutes, and then a new one that is good when the old one is not", async () => {
    const clock = stopClock();
    const front = await frontWith();
    const { get } = source();
    const first = await get();
    clock.advance(10 * MINUTE - 1);
    expect(await get()).toBe(first);
    clock.advance(1);
    const second = await get();
    expect(second.password).not.toBe(first.password);
    expect(await get()).toBe(second);
    clock.advance(5 * MINUTE);
    await expect(login(front, first)).rejects.toThrow("WRONGPASS");
    await login(front, second);
  });

  test("makes one token for all who ask at once, and another, once, for those who were refused", async () => {
    let asked = 0;
    const { get, renew } = source({
      keys: async () => ({ ...KEYS, sessionToken: `session ${++asked}` }),
    });
    const first = new Set(await Promise.all(Array.from({ length: 50 }, get)));
    expect({ tokens: first.size, asked }).toEqual({ tokens: 1, asked: 1 });
    const second = new Set(await Promise.all(Array.from({ length: 50 }, renew)));
    expect({ tokens: second.size, asked }).toEqual({ tokens: 1, asked: 2 });
    expect(await get()).toBe([...second][0]);
    expect(await get()).not.toBe([...first][0]);
  });

  test("asks for fresh keys after a refusal", async () => {
    const asked: unknown[] = [];
    const { get, renew } = source({
      keys: async (options) => {
        asked.push(options?.forceRefresh);
        return KEYS;
      },
    });
    await get();
    await renew();
    expect(asked).toEqual([false, true]);
  });

  test("gives no token that outlives the keys that it was made with", async () => {
    const clock = stopClock();
    let expiration = new Date(Date.now() + 8 * MINUTE);
    const { get } = source({ keys: async () => ({ ...KEYS, expiration }) });
    const first = await get();
    clock.advance(3 * MINUTE - 1);
    expect(await get()).toBe(first);
    clock.advance(1);
    expiration = new Date(Date.now() + 60 * MINUTE);
    expect(await get()).not.toBe(first);
  });

  test("goes on with a token that is still good while no new one can be made", async () => {
    const clock = stopClock();
    let isBroken = false;
    const { get } = source({
      async keys() {
        if (isBroken) throw new Error("no keys");
        return KEYS;
      },
    });
    const first = await get();
    isBroken = true;
    clock.advance(15 * MINUTE - 1);
    expect(await get()).toBe(first);
    clock.advance(1);
    await expect(get()).rejects.toThrow("no keys");
    isBroken = false;
    expect((await get()).password).not.toBe(first.password);
  });
});
