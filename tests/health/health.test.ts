import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { healthContract } from "../../lib/health/contract.ts";
import { createApi } from "../api.ts";
import { newSandbox } from "../http/stage.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

const PATH = "/v1/health";

async function sandbox(environment: Record<string, string> = {}) {
  const { handler } = await newSandbox(() => import("../../functions/health/handler.ts"), environment);
  const api = createApi(handler, healthContract);
  return async (method = "GET") => {
    const startedAt = performance.now();
    const answer = await api(method, PATH, { token: null });
    return Object.assign(answer, { ms: performance.now() - startedAt });
  };
}

async function expectAway(ask: Awaited<ReturnType<typeof sandbox>>) {
  const { status, headers, text, ms } = await ask();
  expect(status).toBe(503);
  expect(JSON.parse(text).code).toBe("redis_unavailable");
  expect(headers).toMatchObject({ "retry-after": "1", "cache-control": "no-store" });
  expect(ms).toBeLessThan(1000);
}

describe("with Redis", () => {
  test("anyone is told that all is well, and how long a round trip takes", async () => {
    const ask = await sandbox();
    for (let time = 0; time < 2; time++) {
      const { status, headers, text } = await ask();
      const { redisRoundTripMs, ...rest } = JSON.parse(text);
      expect({ status, rest, cache: headers["cache-control"] }).toEqual({
        status: 200,
        rest: { status: "ok" },
        cache: "no-store",
      });
      expect(redisRoundTripMs).toBeGreaterThan(0);
    }
  });

  test("HEAD is enough to know, and nothing else is answered", async () => {
    const ask = await sandbox();
    const head = await ask("HEAD");
    expect({ status: head.status, text: head.text }).toEqual({ status: 200, text: "" });
    expect((await ask("POST")).headers.allow).toBe("GET, HEAD, OPTIONS");
  });

  test("no key is needed: the function starts where no token could be verified", async () => {
    expect((await (await sandbox({ AUTH_PUBLIC_KEY: "" }))()).status).toBe(200);
  });
});

describe("within a second everyone knows that Redis is away, and then that it is back:", () => {
  let redis: RunningRedis;

  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.stop());

  test("it was never there", async () => {
    const { port } = redis;
    await redis.stop();
    const ask = await sandbox({ REDIS_URL: `redis://127.0.0.1:${port}` });
    await expectAway(ask);
    redis = await startRedis({ port });
    expect((await ask()).status).toBe(200);
  });

  test("it was killed", async () => {
    const ask = await sandbox({ REDIS_URL: redis.url });
    expect((await ask()).status).toBe(200);
    redis.kill("SIGKILL");
    await redis.exited;
    await expectAway(ask);
    await expectAway(ask);
    redis = await startRedis({ port: redis.port });
    expect((await ask()).status).toBe(200);
  });

  test("it stands still", async () => {
    const ask = await sandbox({ REDIS_URL: redis.url });
    expect((await ask()).status).toBe(200);
    redis.kill("SIGSTOP");
    await expectAway(ask);
    await expectAway(ask);
    redis.kill("SIGCONT");
    expect((await ask()).status).toBe(200);
  });

  test("the deadline of the others is longer than a second", async () => {
    const ask = await sandbox({ REDIS_URL: redis.url, REDIS_DEADLINE_MS: "8000" });
    expect((await ask()).status).toBe(200);
    redis.kill("SIGSTOP");
    await expectAway(ask);
    redis.kill("SIGCONT");
  });
});

describe("on a network that fails", () => {
  let redis: RunningRedis;
  let proxy: TcpProxy;

  beforeEach(async () => {
    redis = await startRedis();
    proxy = await startTcpProxy(redis.url);
  });
  afterEach(async () => {
    await proxy.close();
    await redis.stop();
  });

  test("it is a 503 within a second while nothing comes through, also for a new sandbox", async () => {
    const ask = await sandbox({ REDIS_URL: proxy.url });
    expect((await ask()).status).toBe(200);
    proxy.faults.ignoreNew = true;
    proxy.blackHole();
    await expectAway(ask);
    await expectAway(await sandbox({ REDIS_URL: proxy.url }));
    proxy.faults.ignoreNew = false;
    proxy.cut();
    expect((await ask()).status).toBe(200);
  });

  test("a socket that died in silence is replaced within the same request", async () => {
    const ask = await sandbox({ REDIS_URL: proxy.url });
    expect((await ask()).status).toBe(200);
    proxy.blackHole();
    const { status, ms } = await ask();
    expect(status).toBe(200);
    expect(ms).toBeLessThan(1000);
  });
});
