import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningRedis } from "../../dev/redis/start-redis.ts";
import { cacheKeys, leaderboardKeys, sessionKeys } from "../../lib/redis/keys.ts";
import { operate, startEmpty } from "./operator.ts";

let redis: RunningRedis;
let client: Redis;
let ops: ReturnType<typeof operate>;

const BOARD = leaderboardKeys.window("acme", "race", 0, "all").ranks;
const session = (name: string) => sessionKeys.session("acme", { home: "h".repeat(20), name });

beforeAll(async () => {
  redis = await startEmpty({ config: ["slowlog-log-slower-than 0", "slowlog-max-len 128"] });
  client = new Redis(redis.url, { connectionName: "somebody" });
  const pipeline = client.pipeline();
  for (let index = 0; index < 300; index++)
    pipeline.hset(cacheKeys.entry("acme", `entry ${index}`), { head: "{}", body: "x".repeat(1000) });
  for (let index = 0; index < 100; index++) pipeline.hset(session(`s${index}`), { head: "{}", data: "{}" });
  for (let index = 0; index < 1000; index++) pipeline.zadd(BOARD, index, `member ${index}`);
  pipeline.set("somebody else's", "1");
  await pipeline.exec();
  ops = operate(redis.url);
});

afterAll(async () => {
  await ops?.connection.close();
  client?.disconnect();
  await redis?.stop();
});

/** What memory looks like while there is something large in another database. */
async function withMuchElsewhere() {
  const elsewhere = new Redis(redis.url, { db: 1 });
  await elsewhere.set("large", "x".repeat(10_000_000));
  const { memory } = (await ops.get("memory")).json;
  await elsewhere.del("large");
  elsewhere.disconnect();
  return memory;
}

describe("on a Redis that nobody manages", () => {
  test("the topology is the server, and what AWS would tell is not_managed", async () => {
    const { status, json } = await ops.get("topology");
    expect(status).toBe(200);
    expect(json).toMatchObject({ cache: "not_managed", events: "not_managed", cluster: "off" });
    const server = { engine: expect.any(String), version: expect.stringMatching(/^\d+\.\d+/) };
    expect(json.nodes).toMatchObject([{ address: `127.0.0.1:${redis.port}`, role: "primary", server }]);
    expect(json.unreachable).toEqual([]);
  });

  test("there are no snapshots to see, to make or to read, and no failover to test", async () => {
    expect((await ops.get("snapshots")).json).toEqual({ snapshots: "not_managed" });
    const failover = { nodeGroupId: "0001", confirm: "orders" };
    for (const answer of [
      await ops.post("snapshots", {}),
      await ops.get("snapshots/orders-1"),
      await ops.post("failover-tests", failover),
    ])
      expect([answer.status, answer.json.code]).toEqual([409, "not_managed"]);
  });
});

describe("the engine", () => {
  test("tells hits, memory, clients, keys and settings", async () => {
    await client.get("somebody else's");
    await client.get("nothing");
    const { json } = await ops.get("engine");
    expect(json.nodes).toHaveLength(1);
    const [node] = json.nodes;
    expect(node.keyspace).toEqual({ keys: 402, expiring: 0 });
    expect(node.stats).toMatchObject({ hits: 1, misses: 1, evictedKeys: 0 });
    expect(node.memory).toMatchObject({ policy: "noeviction", maxBytes: 0 });
    expect(node.memory.usedBytes).toBeGreaterThan(400_000);
    expect(node.clients).toMatchObject({ connected: 2, max: expect.any(Number) });
    expect(node.configuration).toMatchObject({ "slowlog-log-slower-than": "0", appendonly: "no" });
  });
});

describe("memory by feature", () => {
  test("is exact where the sample is everything", async () => {
    const { memory } = (await ops.get("memory")).json;
    expect(memory).toMatchObject({ totalKeys: 402, sampledKeys: 402, measured: true, unreachable: [] });
    const keys = Object.fromEntries(
      memory.features.map(({ feature, keys }: { feature: string; keys: number }) => [feature, keys]),
    );
    expect(keys).toEqual({ cache: 300, sessions: 100, leaderboards: 1, other: 1 });
    const [first] = memory.features;
    expect(first).toMatchObject({ feature: "cache", sampledKeys: 300 });
    expect(first.bytes).toBe(first.sampledBytes);
    expect(first.bytes).toBeGreaterThan(300_000);
  });

  test("comes with what Redis uses, which a sample may be far from", async () => {
    const [before, after] = [(await ops.get("memory")).json.memory, await withMuchElsewhere()];
    expect(after.features).toEqual(before.features);
    expect(after.usedBytes - before.usedBytes).toBeGreaterThan(9_000_000);
  });
});

describe("the biggest collections", () => {
  test("are found with their type, their members and their feature, but never a value", async () => {
    const { text, json } = await ops.get("collections", { limit: "2" });
    expect(json).toMatchObject({ scannedKeys: 402, unreachable: [] });
    expect(json.collections).toHaveLength(2);
    expect(json.collections[0]).toMatchObject({
      key: BOARD,
      feature: "leaderboards",
      type: "zset",
      members: 1000,
      measured: true,
    });
    expect(json.collections[1]).toMatchObject({ feature: "cache", type: "hash", members: 2 });
    expect(json.next).toBeUndefined();
    expect(text).not.toContain("xxx");
    expect(text).not.toContain("member 1");
  });
});

describe("the slow log", () => {
  test.each([
    ["says", () => client.echo("acme:cache:{said}:entry")],
    ["publishes", () => client.publish("acme:cache:{said}:entry", "")],
    ["has in a key like ours", () => client.get("acme:ssn:{said}:number")],
  ])("shows nothing that somebody %s", async (_, say) => {
    await client.slowlog("RESET");
    await say();
    const { json, text } = await ops.get("slowlog");
    expect(json.commands.length).toBeGreaterThan(0);
    expect(text).not.toContain("said");
  });

  test("shows commands with keys of ours, and no other argument", async () => {
    await client.set("hunter2", "a secret");
    await client.hset(cacheKeys.entry("acme", "slow"), "body", "another secret");
    const { json, text } = await ops.get("slowlog", { limit: "128" });
    const slow = json.commands.find(
      ({ command, keys }: { command: string; keys: string[] }) => command === "HSET" && keys.length > 0,
    );
    expect(slow).toMatchObject({ keys: [cacheKeys.entry("acme", "slow")], node: `127.0.0.1:${redis.port}` });
    expect(slow.durationMs).toBeGreaterThan(0);
    expect(text).not.toMatch(/secret|hunter2|somebody else/);
    const times = json.commands.map(({ at }: { at: string }) => at);
    expect(times).toEqual(times.toSorted().reverse());
  });

  test("names the keys of scripts, which stand elsewhere", async () => {
    const key = cacheKeys.lease("acme", "by a script");
    await client.eval("return redis.call('EXISTS', KEYS[1])", 1, key, "secret:cache:{argument}:entry");
    const { json, text } = await ops.get("slowlog");
    expect(json.commands).toContainEqual(expect.objectContaining({ command: "EVAL", keys: [key] }));
    expect(text).not.toContain("argument");
  });
});

describe("clients", () => {
  test("are counted by name, address and age", async () => {
    const { clients, nodes } = (await ops.get("clients")).json;
    expect(nodes).toMatchObject([{ counts: { connected: 2 } }]);
    expect(clients).toMatchObject({ listed: 2, addresses: [{ value: "127.0.0.1", clients: 2 }] });
    expect(clients.names).toContainEqual({ value: "somebody", clients: 1 });
    expect(clients.ages).toEqual([{ value: "under a minute", clients: 2 }]);
  });
});
