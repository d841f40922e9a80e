import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { freePort } from "../../dev/free-port.ts";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { type Composition, composeCache, expectUnavailable, until } from "../composition.ts";

const path = (key: string) => `/v1/cache/entries/${key}`;

/** Most of these wait for the deadline. */
const environment = { REDIS_DEADLINE_MS: "500" };

let server: RunningRedis;
let admin: Redis;
let sandbox: Composition;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
  sandbox = composeCache(server.url, { environment });
});
beforeEach(async () => {
  await sandbox.api("PUT", path("kept"), { body: "kept" });
});
afterAll(async () => {
  admin?.disconnect();
  await sandbox?.connection.close();
  await server?.stop();
});

const put = (key: string) => sandbox.api("PUT", path(key), { body: "x", headers: { "cache-groups": '"g"' } });
const get = (key: string) => sandbox.api("GET", path(key));
const served = ({ status }: { status: number }) => status !== 503;

test("READONLY: a demoted primary still serves reads, writes get 503, and the first write it accepts is served", async () => {
  await admin.replicaof("127.0.0.1", (await freePort(0)) ?? 0);
  expectUnavailable(await put("a"));
  expectUnavailable(await sandbox.api("DELETE", path("kept")));
  expectUnavailable(await sandbox.api("GET", path("missing"), { query: { lease: "10" } }));
  expect((await get("kept")).text).toBe("kept");
  const writing = put("a");
  await admin.replicaof("NO", "ONE");
  expect((await writing).status).toBe(201);
});

test("NOPERM: a user without the right makes 503 and the answer says nothing of it", async () => {
  await admin.call("ACL", "SETUSER", "weak", "on", ">weak", "~*", "-@all", "+hello");
  const weak = composeCache(server.url.replace("redis://", "redis://weak:weak@"), { environment });
  const answer = await weak.api("GET", path("kept"));
  expectUnavailable(answer);
  expect(answer.text).not.toMatch(/NOPERM|permission|weak/);
  await admin.call("ACL", "SETUSER", "weak", "+@all");
  expect((await until(() => weak.api("GET", path("kept")), served)).status).toBe(404);
  await weak.connection.close();
});

test("NOAUTH: a server that wants a password we lack makes 503", async () => {
  await admin.config("SET", "requirepass", "secret");
  const stranger = composeCache(server.url, { environment });
  expectUnavailable(await stranger.api("GET", path("kept")));
  await admin.config("SET", "requirepass", "");
  expect((await until(() => stranger.api("GET", path("kept")), served)).status).toBe(404);
  await stranger.connection.close();
});

test("maxclients: a sandbox that is not let in answers 503, and is served when somebody leaves", async () => {
  await admin.config("SET", "maxclients", "1");
  const late = composeCache(server.url, { environment });
  expectUnavailable(await late.api("GET", path("kept")));
  expect((await get("kept")).text, "who is in stays in").toBe("kept");
  await admin.config("SET", "maxclients", "100");
  expect((await until(() => late.api("GET", path("kept")), served)).status).toBe(404);
  await late.connection.close();
});

test("NOSCRIPT: scripts that the server forgot are sent again, alone, in a batch and while others run", async () => {
  const entries = Array.from({ length: 20 }, (_, i) => ({
    key: `flushed-${i}`,
    value: `${i}`,
    groups: ["g"],
  }));
  for (let round = 0; round < 5; round++) {
    await admin.script("FLUSH");
    expect((await put(`flushed-${round}`)).status).toBeLessThan(300);
    await admin.script("FLUSH");
    const { json } = await sandbox.api("POST", "/v1/cache/batch-put", { body: { entries } });
    for (const { status } of json.results) expect(["created", "replaced"]).toContain(status);
    await admin.script("FLUSH");
    expect((await sandbox.api("GET", path("flushed-1"), { query: { wait: "1" } })).text).toBe("1");
    await admin.script("FLUSH");
    expect((await sandbox.api("HEAD", path("flushed-1"))).status).toBe(200);
    await admin.script("FLUSH");
    expect((await sandbox.api("DELETE", "/v1/cache/groups/g")).status).toBe(204);
    expect((await get("flushed-1")).status).toBe(404);
  }
  const callers = Array.from({ length: 50 }, (_, i) => put(`flushed-${i}`));
  await admin.script("FLUSH");
  for (const { status } of await Promise.all(callers)) expect(status).toBeLessThan(300);
});
