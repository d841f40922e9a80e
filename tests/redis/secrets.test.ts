import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi } from "../api.ts";
import { composeCache, until } from "../composition.ts";

const RIGHT = "right-Secret-1";
const WRONG = "wrong-Secret-2";
const path = "/v1/cache/entries/a";
/** A refusal is met again and again until the deadline. */
const BRIEF = { REDIS_DEADLINE_MS: "300" };

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

/** All that an error and its causes say. */
function wordsOf(error: Error): string[] {
  const words: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    words.push(inspect({ ...cause, message: cause.message, stack: cause.stack }, { depth: null }));
  return words;
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
  for (const words of wordsOf(error)) expect(words).not.toContain(WRONG);
});

/** Some hosts rename them; the server then quotes what came with a command that it does not know. */
const NO_SIGN_IN = ['rename-command AUTH ""', 'rename-command HELLO ""'];

test.each(["", "somebody"])(
  "a server that cannot be signed in to by %j has the password said by nobody",
  async (user) => {
    const redis = await startRedis({ config: NO_SIGN_IN });
    onTestFinished(() => redis.stop());
    const url = redis.url.replace("//", `//${user}:${RIGHT}@`);
    const api = await loadHandler(url);
    expect((await api("GET", path)).status).toBe(503);
    expect(output).toMatch(/unknown command/); // the reason is in the log, or this test proves nothing
    const { connection, log } = composeCache(url, { environment: BRIEF });
    const error = await connection.ping().catch((reason) => reason);
    expect(error.message).toMatch(/unknown command/);
    const said = [output, JSON.stringify(log.lines), ...wordsOf(error)].join("\n");
    for (const secret of [RIGHT, "somebody"]) expect(said).not.toContain(secret);
    await connection.close();
  },
);

test("a wrong password is what a cluster's log names as the reason, and it does not say which", async () => {
  const cluster = await startCluster({ nodes: 1, password: RIGHT });
  onTestFinished(() => cluster.stop());
  const environment = { ...BRIEF, REDIS_MODE: "cluster" };
  const { api, connection, log } = composeCache(cluster.nodes[0]?.url.replace(RIGHT, WRONG) ?? "", {
    environment,
  });
  expect((await api("GET", path)).status).toBe(503);
  const reasons = log.lines.map(({ fields }) => fields.reason).filter(Boolean);
  expect(reasons).toEqual([expect.stringContaining("WRONGPASS")]);
  const error = await connection.ping().catch((reason) => reason);
  expect(error.message).toContain("WRONGPASS");
  expect([JSON.stringify(log.lines), ...wordsOf(error)].join("\n")).not.toContain(WRONG);
  await connection.close();
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
