import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi } from "../api.ts";
import { composeCache, until } from "../composition.ts";

const RIGHT = "right-Secret-1";
const WRONG = "wrong-Secret-2";
const path = "/v1/cache/entries/a";

let server: RunningRedis;
let output = "";

beforeAll(async () => {
  server = await startRedis({ password: RIGHT });
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((chunk) => {
      output += String(chunk);
      return true;
    });
  }
});
beforeEach(() => {
  output = "";
});
afterAll(async () => {
  await server?.stop();
});

/** The function as it is deployed, with its log on. */
async function loadHandler(redisUrl: string) {
  vi.resetModules();
  vi.stubEnv("REDIS_URL", redisUrl);
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "DEBUG");
  const { handler } = await import("../../functions/cache/handler.ts");
  return createApi(handler, cacheContract);
}

test.each(["a wrong password", "a wrong user"])("%s appears in no answer and no log line", async (kind) => {
  const user = kind === "a wrong user" ? "somebody" : "";
  const api = await loadHandler(server.url.replace(`:${RIGHT}@`, `${user}:${WRONG}@`));
  const answers = [await api("GET", path), await api("PUT", path, { body: "x" })];
  for (const { status, text } of answers) {
    expect(status).toBe(503);
    expect(text).not.toMatch(/Secret|WRONGPASS|password/);
  }
  expect(output).toContain("WRONGPASS"); // the reason is in the log, or this test proves nothing
  expect(output).not.toContain(WRONG);
});

test("the right password appears in no log line while the server goes away", async () => {
  const redis = await startRedis({ password: RIGHT });
  const api = await loadHandler(redis.url);
  expect((await api("GET", path)).status).toBe(404);
  redis.kill("SIGSTOP");
  expect((await api("GET", path)).status).toBe(503);
  redis.kill("SIGKILL");
  await redis.exited;
  expect((await api("GET", path)).status).toBe(503);
  expect(output).toContain("redis reconnecting");
  expect(output).not.toContain(RIGHT);
});

test("what a caller stores appears in no log line when the write fails", async () => {
  const redis = await startRedis({ config: ["min-replicas-to-write 1"] });
  const api = await loadHandler(redis.url);
  const headers = { "content-type": "text/private-type" };
  const answer = await api("PUT", "/v1/cache/entries/private-key", {
    body: "private-value".repeat(1000),
    headers,
  });
  expect(answer.status).toBe(503);
  expect(output).toContain("NOREPLICAS");
  expect(output).not.toContain("private-");
  expect(output.length, "nor do its bytes as numbers").toBeLessThan(10_000);
  await redis.stop();
});

test("no error that a connection rejects with says the password, nor do its causes", async () => {
  const { connection } = composeCache(server.url.replace(RIGHT, WRONG));
  const error = await connection.ping().catch((reason) => reason);
  expect(error.message).toContain("WRONGPASS");
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    expect(JSON.stringify({ ...cause, message: cause.message, stack: cause.stack })).not.toContain(WRONG);
  }
});

test("after the password was put right the next requests are served", async () => {
  const redis = await startRedis({ password: RIGHT });
  const right = composeCache(redis.url);
  const wrong = composeCache(redis.url.replace(RIGHT, WRONG));
  expect((await wrong.api("GET", path)).status).toBe(503);
  await right.connection.run((client) => client.config("SET", "requirepass", WRONG));
  const served = await until(
    () => wrong.api("GET", path),
    ({ status }) => status !== 503,
  );
  expect(served.status).toBe(404);
  await redis.stop();
});
