import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import type { CallOptions } from "../api.ts";
import { composeCache, expectUnavailable, until } from "../composition.ts";
import { captureOutput } from "../http/captured.ts";
import { mintToken } from "../token.ts";
import { type IamRedis, KEYS, startIamCluster, startIamRedis } from "./iam-redis.ts";

const MINUTE = 60_000;
const path = "/v1/cache/entries/a";
const WRONG = { AWS_ACCESS_KEY_ID: "AKIDWRONG", AWS_SECRET_ACCESS_KEY: "wrong/key" };

process.env.POWERTOOLS_LOG_LEVEL = "INFO";
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const advance = (ms: number) => void vi.setSystemTime(Date.now() + ms);

describe.each([
  ["a server", startIamRedis],
  ["a cluster", startIamCluster],
])("with IAM, %s", (_, start) => {
  let redis: IamRedis;
  let earlier: number[];

  beforeAll(async () => {
    redis = await start();
  });
  beforeEach(() => {
    earlier = redis.fronts.map(({ refusals }) => refusals.length);
  });
  afterAll(() => redis?.stop());

  async function compose(environment: Record<string, string> = {}) {
    const composed = composeCache(redis.url, { environment: { ...redis.environment, ...environment } });
    onTestFinished(() => composed.connection.close());
    const token = await mintToken({ tenant: composed.tenant, exp: Date.now() / 1000 + 7 * 24 * 3600 });
    const api = (method: string, path: string, options: CallOptions = {}) =>
      composed.api(method, path, { token, ...options });
    return { ...composed, api };
  }

  const refusals = () => redis.fronts.flatMap(({ refusals }, index) => refusals.slice(earlier[index]));
  const tokens = () => redis.fronts.flatMap(({ tokens }) => tokens);
  const connections = () => redis.fronts.reduce((sum, front) => sum + front.connections(), 0);
  const allow = (secretAccessKey: string) => {
    for (const front of redis.fronts) front.rules = { ...front.rules, secretAccessKey };
  };
  const cut = () => redis.fronts.forEach((front) => void front.cut());

  test("serves a function that has a token, whichever keys it asks for", async () => {
    const { api } = await compose();
    const keys = Array.from({ length: 20 }, (_, index) => `/v1/cache/entries/${index}`);
    for (const key of keys) expect((await api("PUT", key, { body: key })).status).toBe(201);
    for (const key of keys) expect((await api("GET", key)).text).toBe(key);
    expect(refusals()).toEqual([]);
  });

  test("is given a newer token long before one expires", async () => {
    const { api } = await compose();
    await api("GET", path);
    const before = new Set(tokens());
    advance(11 * MINUTE);
    expect((await api("GET", path)).status).toBe(404);
    cut();
    expect((await api("GET", path)).status).toBe(404);
    expect(before).not.toContain(tokens().at(-1));
    expect(refusals()).toEqual([]);
  });

  test("serves the request after one that all connections ended since, and the token expired", async () => {
    const { api } = await compose();
    await api("PUT", path, { body: "kept" });
    advance(20 * MINUTE);
    cut();
    expect((await api("GET", path)).text).toBe("kept");
    expect(new Set([...refusals(), "expired"])).toEqual(new Set(["expired"]));
  });

  test("serves a sandbox that sleeps an hour and finds its connections gone when it wakes", async () => {
    const { api } = await compose();
    await api("PUT", path, { body: "kept" });
    cut();
    await until(
      async () => connections(),
      (open) => open > 0,
    );
    for (const hours of [1, 13]) {
      advance(hours * 60 * MINUTE);
      expect((await api("GET", path)).text).toBe("kept");
    }
  });

  /** Uses every node each minute for so long, with a server that ends what did not sign in for 12 hours. */
  async function useFor(hours: number, ping: () => Promise<unknown>): Promise<void> {
    for (let minutes = 0; minutes < hours * 60; minutes++) {
      advance(MINUTE - 1);
      await Promise.all(Array.from({ length: 3 }, ping)); // rejects if one is lost
      for (const front of redis.fronts) front.endOverdue();
    }
  }

  test("keeps the connection of a function that is used all day, and every command on it", async () => {
    const { api, connection } = await compose();
    await api("PUT", path, { body: "kept" });
    const ping = () => connection.run((client) => client.ping()); // a cluster: any of its nodes
    await until(ping, () => connections() === redis.fronts.length);
    const before = tokens().length;
    await useFor(30, ping);
    expect(connections()).toBe(redis.fronts.length);
    expect(tokens().length - before).toBe(2 * redis.fronts.length);
    expect((await api("GET", path)).text).toBe("kept");
    expect(refusals()).toEqual([]);
  });

  test("keeps a connection that could not be signed in again at first", async () => {
    const { connection } = await compose();
    const ping = () => connection.run((client) => client.ping());
    await until(ping, () => connections() === redis.fronts.length);
    await useFor(10.9, ping);
    allow("of tomorrow");
    await useFor(0.2, ping);
    expect(refusals().length).toBeGreaterThan(0);
    allow(KEYS.secretAccessKey);
    await useFor(2, ping);
    expect(connections()).toBe(redis.fronts.length);
  });

  test("tells nobody who was refused anything, nor the log what they said", async () => {
    const output = captureOutput();
    const { api, log } = await compose(WRONG);
    const before = tokens().length;
    const answers = [await api("GET", path), await api("PUT", path, { body: "x" })];
    answers.forEach(expectUnavailable);
    const said = [...answers.map(({ text }) => text), ...output.lines(), JSON.stringify(log.lines)].join();
    vi.restoreAllMocks();
    expect(said).toContain("WRONGPASS"); // the reason is in the log, or this test proves nothing
    expect(said).not.toMatch(/wrong\/key|AKID|X-Amz|Signature/);
    for (const token of tokens().slice(before)) expect(said).not.toContain(token);
  });

  test("serves as soon as the function may sign in", async () => {
    allow("of tomorrow");
    const { api } = await compose();
    expectUnavailable(await api("GET", path));
    allow(KEYS.secretAccessKey);
    const served = await until(
      () => api("GET", path),
      ({ status }) => status !== 503,
    );
    expect(served.status).toBe(404);
  });
});
