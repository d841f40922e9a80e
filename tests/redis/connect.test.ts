import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { parseConfig } from "../../lib/config.ts";
import { connect } from "../../lib/redis/connect.ts";
import { createApi, uniqueTenant } from "../api.ts";
import { composeCache, createLog, expectUnavailable, until } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

const tenant = uniqueTenant();
const path = "/v1/cache/entries/a";

let server: RunningRedis;
let proxy: TcpProxy;

beforeAll(async () => {
  server = await startRedis({ password: "p@ss w%rd" });
  proxy = await startTcpProxy(server.url);
});

afterAll(async () => {
  await proxy?.close();
  await server?.stop();
});

async function loadHandler(redisUrl: string) {
  vi.resetModules();
  vi.stubEnv("REDIS_URL", redisUrl);
  const { handler } = await import("../../functions/cache/handler.ts");
  return createApi(handler, cacheContract, tenant);
}

test("a function connects while its module loads, before the first request", async () => {
  const commands = proxy.record();
  const before = proxy.connections();
  await loadHandler(proxy.url);
  await until(
    async () => commands.length,
    (length) => length > 0,
  );
  expect(proxy.connections() - before).toBe(1);
  expect(commands).toEqual(["hello"]);
});

test("a module loads at once though nothing answers at the address", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  const startedAt = performance.now();
  const connection = connect(parseConfig({ REDIS_URL: `redis://127.0.0.1:${port}` }), { log: createLog });
  expect(performance.now() - startedAt).toBeLessThan(500);
  await connection.close();
  silent.close();
});

test("a function has one connection, however many requests run at once", async () => {
  const before = proxy.connections();
  const api = await loadHandler(proxy.url);
  const answers = await Promise.all(Array.from({ length: 100 }, () => api("GET", path)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  for (let i = 0; i < 20; i++) await api("GET", path);
  expect(proxy.connections() - before).toBe(1);
});

test("the handshake is one HELLO, and then comes the command", async () => {
  const commands = proxy.record();
  const { connection } = composeCache(proxy.url);
  await connection.ping();
  expect(commands).toEqual(["hello", "ping"]);
  await connection.close();
});

test("a database in the URL is selected within the same round trip", async () => {
  const before = proxy.roundTrips();
  const { connection } = composeCache(`${proxy.url}/3`);
  expect(await connection.run((redis) => redis.client("INFO"))).toMatch(/ db=3 /);
  expect(proxy.roundTrips() - before).toBe(2);
  await connection.close();
});

test("host, port and password as single variables reach the same server as a URL", async () => {
  const { hostname, port } = new URL(server.url);
  const environment = { REDIS_HOST: hostname, REDIS_PORT: port, REDIS_PASSWORD: "p@ss w%rd" };
  const { connection } = composeCache("", { environment });
  await connection.ping();
  await connection.close();
});

test("each event is logged once and structured while the server goes away and comes back", async () => {
  const redis = await startRedis();
  const { connection, log } = composeCache(redis.url);
  await connection.ping();
  expect(log.lines).toEqual([
    { level: "info", message: "redis connect", fields: { event: "connect" } },
    { level: "info", message: "redis ready", fields: { event: "ready", recovered: false } },
  ]);
  redis.kill("SIGKILL");
  await redis.exited;
  await expect(connection.ping()).rejects.toThrow("Redis is unavailable");
  const { port } = redis;
  const back = await startRedis({ port });
  await until(
    () =>
      connection.ping().then(
        () => true,
        () => false,
      ),
    Boolean,
  );
  await connection.close();
  const counts = Object.groupBy(log.lines, ({ fields }) => String(fields.event));
  const times = Object.fromEntries(Object.entries(counts).map(([event, lines]) => [event, lines?.length]));
  expect(times).toEqual({ connect: 2, ready: 2, reconnecting: 1, error: 1, end: 1 });
  expect(counts.ready?.[1]?.fields).toEqual({ event: "ready", recovered: true });
  expect(counts.error?.[0]).toMatchObject({
    level: "warn",
    fields: { reason: expect.stringMatching(/ECONN/) },
  });
  expect(counts.reconnecting?.[0]).toMatchObject({ level: "warn", fields: { delayMs: expect.any(Number) } });
  expect(log.events().at(-1)).toBe("end");
  await back.stop();
});

test("after the connection gave up each request tries anew: 503 in time, and served as soon as the server is back", async () => {
  const redis = await startRedis();
  const { api, connection, log } = composeCache(redis.url);
  await connection.ping();
  await redis.stop();
  await until(
    async () => log.events(),
    (events) => events.includes("end"),
  );
  for (let requests = 0; requests < 3; requests++) expectUnavailable(await api("GET", path));
  const back = await startRedis({ port: redis.port });
  expect((await api("GET", path)).status).toBe(404);
  expect(log.events().filter((event) => event === "error")).toHaveLength(1);
  await connection.close();
  await back.stop();
});
