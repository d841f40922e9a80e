import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ping } from "../../dev/redis/ping.ts";
import { type RunningTlsRedis, startTls } from "../../dev/redis/start-tls.ts";
import { composeCache, expectUnavailable } from "../composition.ts";

let dir: string;
let redis: RunningTlsRedis;
let functions: Redis;
let operator: Redis;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redigate-start-tls-"));
  vi.stubEnv("TMPDIR", dir);
  redis = await startTls();
  vi.unstubAllEnvs();
  const options = { tls: { ca: redis.ca }, enableReadyCheck: false };
  functions = new Redis(redis.functionsUrl, options);
  operator = new Redis(redis.url, options);
});

afterAll(async () => {
  functions?.disconnect();
  operator?.disconnect();
  await redis?.stop();
  await rm(dir, { recursive: true, force: true });
});

test("it speaks to who trusts its authority, and to nobody in the clear or without a name", async () => {
  await ping(redis.url, redis.ca);
  await expect(ping(redis.url)).rejects.toThrow(/SELF_SIGNED_CERT|UNABLE_TO_/);
  await expect(ping(redis.url.replace("rediss:", "redis:"))).rejects.toThrow();
  await expect(ping(`rediss://localhost:${redis.port}`, redis.ca)).rejects.toThrow("NOAUTH");
  await expect(ping(`rediss://functions:wrong@localhost:${redis.port}`, redis.ca)).rejects.toThrow(
    "WRONGPASS",
  );
});

test("a name that is not in the certificate is refused, though the authority is trusted", async () => {
  const environment = { REDIS_TLS_CA: redis.ca };
  const named = composeCache(redis.functionsUrl, { environment });
  expect((await named.api("GET", "/v1/cache/entries/a")).status).toBe(404);
  const misnamed = composeCache(redis.functionsUrl.replace("localhost", "127.0.0.1"), { environment });
  expectUnavailable(await misnamed.api("GET", "/v1/cache/entries/a"));
  expect(misnamed.log.lines.map(({ fields }) => fields.reason).join()).toContain("not in the cert's");
  for (const { connection } of [named, misnamed]) await connection.close();
});

test.each([
  ["flushall"],
  ["flushdb"],
  ["keys", "*"],
  ["SCAN", "0"],
  ["CONFIG", "GET", "requirepass"],
  ["ACL", "LIST"],
  ["CLIENT", "KILL", "TYPE", "normal"],
  ["DEBUG", "SLEEP", "0"],
  ["SHUTDOWN", "NOSAVE"],
  ["REPLICAOF", "NO", "ONE"],
  ["MIGRATE", "127.0.0.1", "1", "a", "0", "1"],
  ["RESTORE", "a", "0", "x"],
  ["SCRIPT", "FLUSH"],
  ["FUNCTION", "FLUSH"],
  ["MONITOR"],
  ["SUBSCRIBE", "a"],
  ["INFO"],
])("the functions may not %s, not in a script either", async (command, ...words) => {
  await expect(functions.call(command, ...words)).rejects.toThrow(/NOPERM|not allowed/);
  const call = [command, ...words].map((word) => JSON.stringify(word)).join(",");
  await expect(functions.eval(`return redis.call(${call})`, 0)).rejects.toThrow(/not allowed|can't run/);
});

test("the operator may do everything", async () => {
  await functions.set("t:cache:{seen}:entry", "by all");
  expect(await operator.get("t:cache:{seen}:entry")).toBe("by all");
  expect(await operator.config("GET", "port")).toEqual(["port", "0"]);
  expect(await operator.call("SCRIPT", "FLUSH")).toBe("OK");
});

test("its key is gone when it is stopped", async () => {
  expect(readdirSync(dir)).toHaveLength(1);
  await redis.stop();
  await redis.stop();
  expect(readdirSync(dir)).toEqual([]);
  expect(existsSync(dir)).toBe(true);
});
