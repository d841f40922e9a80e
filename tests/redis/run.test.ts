import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { RedisUnavailable } from "../../lib/redis/errors.ts";
import { type Composition, composeCache, SLACK_MS } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

const DEADLINE_MS = 400;
const environment = { REDIS_DEADLINE_MS: String(DEADLINE_MS) };

let server: RunningRedis;
let admin: Redis;
let proxy: TcpProxy;
let connection: Composition["connection"];

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin?.disconnect();
  await server?.stop();
});

beforeEach(async () => {
  await admin.unlink("counter");
  proxy = await startTcpProxy(server.url);
  connection = composeCache(proxy.url, { environment }).connection;
  await connection.ping();
});
afterEach(async () => {
  vi.useRealTimers();
  await connection.close();
  await proxy.close();
});

/** The outcome of a run, and that it came in time. */
async function timed<T>(run: Promise<T>): Promise<{ value?: T; error?: unknown; tookMs: number }> {
  const startedAt = performance.now();
  const outcome = await run.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const tookMs = performance.now() - startedAt;
  expect(tookMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
  return { ...outcome, tookMs };
}

const increment = (redis: Redis) => redis.incr("counter");
const counter = async () => Number(await admin.get("counter"));

test("a write whose reply is cut off is not sent again", async () => {
  proxy.loseReply();
  const { error } = await timed(connection.run(increment));
  expect(error).toBeInstanceOf(RedisUnavailable);
  expect(await connection.run(increment)).toBe(2);
  expect(await counter()).toBe(2);
});

test("a write whose reply never comes is not sent again, not even after the reconnect", async () => {
  proxy.faults.swallowReplies = true;
  const { error } = await timed(connection.run(increment));
  expect(error).toBeInstanceOf(RedisUnavailable);
  proxy.faults.swallowReplies = false;
  await connection.run((redis) => redis.ping(), { idempotent: true });
  expect(await counter()).toBe(1);
});

test("a pipeline half of whose replies are lost is not sent again", async () => {
  proxy.loseReply();
  const { error } = await timed(
    connection.run((redis) =>
      redis
        .pipeline()
        .incr("counter")
        .incr("counter")
        .exec()
        .then((all) => {
          for (const [failure] of all ?? []) if (failure) throw failure;
        }),
    ),
  );
  expect(error).toBeInstanceOf(RedisUnavailable);
  await connection.ping();
  expect(await counter()).toBe(2);
});

test("what is idempotent is sent again and answered within the same deadline", async () => {
  proxy.loseReply();
  const { value } = await timed(connection.run(increment, { idempotent: true }));
  expect(value).toBe(2);
  expect(await counter()).toBe(2);
});

test("a socket that went silent is replaced within the deadline", async () => {
  proxy.blackHole();
  const { value, tookMs } = await timed(connection.run((redis) => redis.ping(), { idempotent: true }));
  expect(value).toBe("PONG");
  expect(tookMs, "the silent socket was really used").toBeGreaterThan(DEADLINE_MS / 4);
  expect(proxy.connections()).toBe(2);
});

test("a socket that died while the sandbox was frozen is replaced before the next request, even of a write", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  proxy.blackHole();
  const { value, tookMs } = await timed(connection.run(increment));
  expect(value).toBe(1);
  expect(tookMs).toBeLessThan(DEADLINE_MS);
  expect(proxy.connections()).toBe(2);
});

test("after a long idle time the first operations at once do not cut each other off", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  const slow = connection.run((redis) => redis.blpop("queue", 30));
  await vi.waitUntil(async () => String(await admin.client("LIST")).includes("cmd=blpop"), { interval: 1 });
  const counted = connection.run(increment);
  await admin.rpush("queue", "done");
  expect(await Promise.all([slow, counted])).toEqual([["queue", "done"], 1]);
});

test("nothing waits past the deadline: neither for a reply", async () => {
  const { error } = await timed(connection.run((redis) => redis.blpop("nothing", 30)));
  expect(error).toBeInstanceOf(RedisUnavailable);
});

test("nothing waits past the deadline: nor for a handshake", async () => {
  proxy.faults.ignoreNew = true;
  proxy.cut();
  const { error } = await timed(connection.run((redis) => redis.ping(), { idempotent: true }));
  expect(error).toBeInstanceOf(RedisUnavailable);
  proxy.faults.ignoreNew = false;
  const { value } = await timed(connection.run((redis) => redis.ping(), { idempotent: true }));
  expect(value).toBe("PONG");
});

test("a refusal is tried again until the server accepts", async () => {
  let refusals = 3;
  const value = await connection.run((redis) =>
    refusals-- > 0 ? redis.eval("return redis.error_reply('LOADING later')", 0) : redis.ping(),
  );
  expect(value).toBe("PONG");
});

test("a mistake of the program passes through at once and is tried once", async () => {
  let calls = 0;
  const run = connection.run(
    (redis) => {
      calls++;
      return redis.call("INCR", "counter", "too", "many");
    },
    { idempotent: true },
  );
  await expect(run).rejects.toThrow("wrong number of arguments");
  expect(calls).toBe(1);
});

test("round trips are taken once each, with their duration", async () => {
  connection.takeRoundTrips();
  await connection.ping();
  await connection.run((redis) => redis.blpop("nothing", 0.05));
  const [ping, wait, ...more] = connection.takeRoundTrips();
  expect(ping).toBeGreaterThan(0);
  expect(wait).toBeGreaterThan(40);
  expect(more).toEqual([]);
  expect(connection.takeRoundTrips()).toEqual([]);
});

test("when the last try had no time left, the error says what the server said before", async () => {
  const refusal = Object.assign(new Error("NOREPLICAS Not enough good replicas to write."), {
    name: "ReplyError",
  });
  let tries = 0;
  const operation = () => (++tries === 1 ? Promise.reject(refusal) : new Promise<never>(() => {}));
  const { error } = await timed(connection.run(operation));
  expect(error).toBeInstanceOf(RedisUnavailable);
  expect((error as Error).message).toContain("NOREPLICAS");
  expect(tries).toBe(2);
});
