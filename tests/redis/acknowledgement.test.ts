import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../dev/redis/start-redis.ts";
import {
  type CompositionOptions,
  composeCache,
  composeLeaderboards,
  expectUnavailable,
} from "../composition.ts";
import { createCaller } from "../leaderboards/caller.ts";
import { keysOf } from "../provided-redis.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { type ReplicatedPair, startReplicatedPair } from "./replicated-pair.ts";

const path = "/v1/cache/entries/a";
const settings = { REDIS_MIN_REPLICAS_ACK: "1" };

let pair: ReplicatedPair;
let proxy: TcpProxy;

beforeAll(async () => {
  pair = await startReplicatedPair();
  proxy = await startTcpProxy(pair.primary.server.url);
});
afterAll(async () => {
  await proxy?.close();
  await pair?.stop();
});

function sandbox(redisUrl: string, options?: CompositionOptions) {
  const made = composeCache(redisUrl, options);
  onTestFinished(() => made.connection.close());
  return made;
}

test("a write and its WAIT are one round trip, and a read has none", async () => {
  const { api, connection } = sandbox(proxy.url, { environment: settings });
  await connection.ping();
  const commands = proxy.record();
  const trips = async (call: () => Promise<unknown>) => {
    const before = proxy.roundTrips();
    await call();
    return proxy.roundTrips() - before;
  };
  expect(await trips(() => api("PUT", path, { body: "x" }))).toBe(1);
  expect(commands.filter((name) => name === "wait")).toHaveLength(1);
  expect(await trips(() => api("DELETE", path))).toBe(1);
  expect(commands.filter((name) => name === "wait")).toHaveLength(2);
  await api("GET", path);
  await api("HEAD", path);
  await api("POST", "/v1/cache/batch-get", { body: { keys: ["a", "b"] } });
  expect(commands.filter((name) => name === "wait")).toHaveLength(2);
});

test("writes that go out together share one WAIT", async () => {
  const { api, connection } = sandbox(proxy.url, { environment: settings });
  await connection.ping();
  const commands = proxy.record();
  const entries = Array.from({ length: 30 }, (_, number) => ({ key: `k${number}`, value: "x" }));
  await api("POST", "/v1/cache/batch-put", { body: { entries } });
  expect(commands.filter((name) => name === "wait")).toHaveLength(1);
});

test("without a replica that answers, writes are 503 and reads go on; when it is back, writes are served", async () => {
  const { api } = sandbox(pair.primary.server.url, {
    environment: { ...settings, REDIS_DEADLINE_MS: "400" },
  });
  expect((await api("PUT", path, { body: "before" })).status).toBeLessThan(300);
  pair.replica.server.kill("SIGSTOP");
  onTestFinished(() => pair.replica.server.kill("SIGCONT"));
  for (let round = 0; round < 6; round++) expectUnavailable(await api("PUT", path, { body: "during" }));
  expect((await api("GET", path)).status, "a write that nobody acknowledged turns no read away").toBe(200);
  pair.replica.server.kill("SIGCONT");
  expect((await api("PUT", path, { body: "after" })).status).toBeLessThan(300);
  expect((await api("GET", path)).text).toBe("after");
});

test("a write that was not acknowledged in time and is tried again counts once", async () => {
  const made = composeLeaderboards(pair.primary.server.url, { environment: settings });
  onTestFinished(() => made.connection.close());
  const { begin, submit, member } = createCaller(made.api);
  await begin("board", { update: "sum" });
  pair.replica.server.kill("SIGSTOP");
  const submitting = submit("board", [{ member: "ann", score: 1 }]);
  await new Promise((resolve) => setTimeout(resolve, made.deadlineMs / 2));
  pair.replica.server.kill("SIGCONT");
  expect((await submitting).status).toBe(200);
  expect((await member("board", "ann")).json.score).toBe(1);
});

test.each([
  ["no WAIT", 'rename-command WAIT ""', ""],
  ["a user who may not WAIT", "user me on >pw ~* &* +@all -wait", "me:pw@"],
])("%s: refused at the start, with a sentence that names the setting", async (_, line, access) => {
  const server = await startRedis({ config: [line] });
  onTestFinished(() => server.stop());
  const { api, log, tenant } = sandbox(server.url.replace("//", `//${access}`), { environment: settings });
  const answer = await api("PUT", path, { body: "x" });
  expect(answer.status).toBe(500);
  expect((await api("GET", path)).status).toBe(500);
  expect(log.lines.filter(({ fields }) => fields.event === "refused")).toHaveLength(1);
  expect(JSON.stringify(log.lines)).toMatch(/REDIS_MIN_REPLICAS_ACK: .*WAIT/);
  const client = new Redis(server.url);
  expect(await keysOf(client, `${tenant}:*`), "nothing was written").toEqual([]);
  client.disconnect();
});
