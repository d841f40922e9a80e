import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import type { RunningRedis } from "../../dev/redis/start-redis.ts";
import { cacheKeys, leaderboardKeys } from "../../lib/redis/keys.ts";
import { stubAws } from "../aws/aws-endpoint.ts";
import * as wire from "./elasticache-wire.ts";
import { operate, startEmpty } from "./operator.ts";

/** What ElastiCache Serverless does not have. */
const TAKEN_AWAY = ["MEMORY", "SLOWLOG", "LATENCY", "OBJECT", "MONITOR", "CONFIG", "DEBUG", "WAIT", "SWAPDB"];
/** So many that it averages out which of an entry's two fields each estimate is made from. */
const ENTRIES = 900;
type Json = Awaited<ReturnType<ReturnType<typeof operate>["get"]>>["json"];
const PASSWORD = "secret";
const rules = JSON.parse(readFileSync(join(projectDir, "infra/redis-users.json"), "utf8"));
const { rulesFor } = createRequire(import.meta.url)(join(projectDir, "infra/redis-users.cjs"));
const LIST = "other list";
const BOARD = leaderboardKeys.window("acme", "race", 0, "all").ranks;

const SERVERS = {
  /** By name, as ElastiCache answers: the command is not known. CLIENT stays, without LIST. */
  "without the commands": {
    config: [
      ...TAKEN_AWAY.map((name) => `rename-command ${name} ""`),
      `user limited on >${PASSWORD} ~* &* +@all -client|list`,
    ],
  },
  /** By rights: what the user of a serverless cache has. */
  "that allows its user no more than Serverless has": {
    config: [`user limited on >${PASSWORD} ${rulesFor("ops", "serverless")}`],
  },
};

describe.each(Object.entries(SERVERS))("a server %s", (_, { config }) => {
  let redis: RunningRedis;
  let ops: ReturnType<typeof operate>;

  beforeAll(async () => {
    redis = await startEmpty({ config });
    const client = new Redis(redis.url);
    const pipeline = client.pipeline();
    for (let index = 0; index < ENTRIES; index++)
      pipeline.hset(cacheKeys.entry("acme", `${index}`), { head: "{}", body: "x".repeat(2000) });
    for (let index = 0; index < 5000; index++) pipeline.zadd(BOARD, index, `member ${index}`);
    for (const element of ["a", "b", "c"]) pipeline.rpush(LIST, element.repeat(8_000_000));
    for (let index = 0; index < 100; index++) pipeline.sadd("other set", `member ${index}`);
    await pipeline.exec();
    client.disconnect();
    ops = operate(redis.url.replace("redis://", `redis://limited:${PASSWORD}@`));
  });
  afterAll(async () => {
    await ops?.connection.close();
    await redis?.stop();
  });

  test("is answered for, part by part", async () => {
    const slowlog = (await ops.get("slowlog")).json;
    expect(slowlog).toEqual({ commands: "not_available", unreachable: [] });
    expect((await ops.get("clients")).json.clients).toBe("not_available");
    const [node] = (await ops.get("engine")).json.nodes;
    expect(node.configuration).toBe("not_available");
    const topology = await ops.get("topology");
    expect(topology.status).toBe(200);
    expect(["off", "not_available"]).toContain(topology.json.cluster);
  });

  test("has its memory estimated, not far off", async () => {
    const { memory } = (await ops.get("memory")).json;
    expect(memory).toMatchObject({ totalKeys: ENTRIES + 3, sampledKeys: ENTRIES + 3, measured: false });
    const bytesOf = (wanted: string) =>
      memory.features.find(({ feature }: { feature: string }) => feature === wanted).bytes;
    expect(bytesOf("cache")).toBeGreaterThan(1_700_000);
    expect(bytesOf("cache")).toBeLessThan(2_700_000);
    expect(bytesOf("leaderboards")).toBeGreaterThan(250_000);
    expect(bytesOf("leaderboards")).toBeLessThan(1_000_000);
  });

  test("has its biggest collections found all the same", async () => {
    const { collections } = (await ops.get("collections", { limit: "1" })).json;
    expect(collections).toMatchObject([{ key: BOARD, members: 5000, measured: false }]);
  });

  test("is not kept busy by what its members are like", async () => {
    const client = new Redis(redis.url);
    await client.config("RESETSTAT").catch(() => {}); // where CONFIG is gone, all of the test is counted
    await ops.get("memory");
    await ops.get("collections");
    const used = await client.info("commandstats");
    expect(used).toMatch(/cmdstat_llen:/);
    expect(used).not.toMatch(/cmdstat_(lrange|lindex|hgetall|hget|smembers|zrange|xrange|get):/);
    expect(Number(/cmdstat_zrandmember:calls=(\d+)/.exec(used)?.[1])).toBeGreaterThan(0);
    client.disconnect();
  });
});

test("a user who may not even look for keys is told so, and nothing fails", async () => {
  const redis = await startEmpty({ config: [`user limited on >${PASSWORD} ${rules.functions}`] });
  const ops = operate(redis.url.replace("redis://", `redis://limited:${PASSWORD}@`));
  expect((await ops.get("memory")).json).toEqual({ memory: "not_available" });
  expect((await ops.get("collections")).json).toMatchObject({ collections: "not_available" });
  const [node] = (await ops.get("engine")).json.nodes;
  expect(node).toMatchObject({ role: "not_available", memory: "not_available", keyspace: "not_available" });
  await ops.connection.close();
  await redis.stop();
});

test.each([
  ["how much memory it uses", "-info", "memory", ({ memory }: Json) => memory.usedBytes],
  ["how many members a set has", "-scard", "collections", ({ collections }: Json) => collections[0].members],
])("a server that does not say %s leaves that out", async (_, rights, path, pick) => {
  const redis = await startEmpty();
  const client = new Redis(redis.url);
  await client.sadd("set", "a", "b");
  await client.acl("SETUSER", "limited", "on", `>${PASSWORD}`, "~*", "&*", "+@all");
  const ops = operate(redis.url.replace("redis://", `redis://limited:${PASSWORD}@`));
  expect(pick((await ops.get(path)).json)).toEqual(expect.any(Number));
  await client.acl("SETUSER", "limited", rights);
  const { status, json } = await ops.get(path);
  expect([status, pick(json)]).toEqual([200, undefined]);
  client.disconnect();
  await ops.connection.close();
  await redis.stop();
});

test("a server that does not say how many clients there are is not asked for the list", async () => {
  const redis = await startEmpty({ config: [`user limited on >${PASSWORD} ~* &* +@all -info`] });
  const ops = operate(redis.url.replace("redis://", `redis://limited:${PASSWORD}@`));
  const { clients, nodes } = (await ops.get("clients")).json;
  expect(clients).toBe("not_available");
  expect(nodes).toMatchObject([{ counts: "not_available" }]);
  const client = new Redis(redis.url);
  expect(await client.info("commandstats")).not.toContain("client|list");
  client.disconnect();
  await ops.connection.close();
  await redis.stop();
});

describe("the user that a deployment has for it", () => {
  let redis: RunningRedis;
  let ops: ReturnType<typeof operate>;
  beforeAll(async () => {
    redis = await startEmpty({ config: [`user ops on >${PASSWORD} ${rules.ops}`] });
    ops = operate(redis.url.replace("redis://", `redis://ops:${PASSWORD}@`));
    const client = new Redis(redis.url);
    await client.hset(cacheKeys.entry("acme", "one"), "body", "x");
    client.disconnect();
  });
  afterAll(async () => {
    await ops?.connection.close();
    await redis?.stop();
  });

  test("may remember a call by its idempotency key", async () => {
    const calls = await stubAws(wire.elasticache());
    const managed = operate(redis.url.replace("redis://", `redis://ops:${PASSWORD}@`), {
      environment: { ELASTICACHE_ID: "orders", REDIS_DEADLINE_MS: "2000" },
    });
    const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
    for (const _time of ["once", "again"])
      expect((await managed.post("snapshots", {}, { headers })).status).toBe(202);
    expect(calls.filter(({ action }) => action === "CreateSnapshot")).toHaveLength(1);
    await managed.connection.close();
  });

  test("may do all of it, and no other feature's work", async () => {
    for (const path of ["topology", "engine", "memory", "collections", "slowlog", "clients"]) {
      const { status, text } = await ops.get(path);
      expect(status, path).toBe(200);
      expect(text, path).not.toContain("not_available");
    }
    const client = new Redis(redis.url.replace("redis://", `redis://ops:${PASSWORD}@`));
    await expect(client.call("FLUSH" + "ALL")).rejects.toThrow("NOPERM");
    await expect(client.config("SET", "maxmemory", "1mb")).rejects.toThrow("NOPERM");
    client.disconnect();
  });
});
