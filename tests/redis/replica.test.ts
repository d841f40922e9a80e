import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { type Answer, outcomeOf } from "../api.ts";
import { composeCache, until } from "../composition.ts";
import { closeAll, startWriters, type Writer } from "../faults/writers.ts";
import { eventual, path, startBesideReplica } from "./beside-replica.ts";
import { commandsOf } from "./replicated-pair.ts";

let beside: Awaited<ReturnType<typeof startBesideReplica>>;

beforeAll(async () => {
  beside = await startBesideReplica();
});
afterEach(() => beside.catchUp());
afterAll(() => beside?.stop());

describe("while the replica is behind", () => {
  test("every read of the cache gives the old value if it may, and the new one otherwise", async () => {
    const sandbox = beside.startCache();
    await beside.writeTwice("a");
    const batch = { body: { keys: ["a"] } };
    const reads = {
      GET: async (query = {}) => (await sandbox.api("GET", path("a"), { query })).text,
      HEAD: async (query = {}) => (await sandbox.api("HEAD", path("a"), { query })).headers.etag,
      batch: async (query = {}) =>
        (await sandbox.api("POST", "/v1/cache/batch-get", { ...batch, query })).json.entries[0].value,
    };
    expect(await reads.GET(eventual)).toBe("old");
    expect(await reads.GET()).toBe("new");
    for (const [name, read] of Object.entries(reads)) {
      expect(await read(eventual), name).not.toBe(await read());
      expect(await read({ consistency: "strong" }), name).toBe(await read());
    }
  });

  test("every read of a leaderboard gives the old scores if it may, and the new ones otherwise", async () => {
    const { begin, submit, ranks, member, batchGet, rankOf } = beside.startLeaderboards();
    await begin("board", { partitions: 4 }, [10, 20]);
    await beside.catchUp();
    await beside.holdBack();
    await submit("board", [{ member: "m0", score: 30 }]);
    const reads: Record<string, (query?: Record<string, string>) => Promise<Answer>> = {
      ranks: (query) => ranks("board", query),
      member: (query) => member("board", "m0", query),
      members: (query) => batchGet("board", ["m0"], query),
      rank: (query) => rankOf("board", 25, query),
    };
    for (const [name, read] of Object.entries(reads)) {
      const [old, now, strong] = [await read(eventual), await read(), await read({ consistency: "strong" })];
      expect([old.status, now.status, strong.status], name).toEqual([200, 200, 200]);
      expect(old.text, name).not.toBe(now.text);
      expect(strong.text, name).toBe(now.text);
    }
    expect((await member("board", "m0", eventual)).json.score).toBe(10);
    expect((await member("board", "m0")).json.score).toBe(30);
  });

  test("every read of likes gives the old ones if it may, and the new ones otherwise", async () => {
    const { like, get, batchGet, users, trending } = beside.startLikes();
    await like("page", "ann");
    await beside.catchUp();
    await beside.holdBack();
    await like("page", "bob");
    const reads: Record<string, (query?: Record<string, string>) => Promise<Answer>> = {
      count: (query) => get("page", "bob", query),
      batch: (query) => batchGet(["page"], "bob", query),
      users: (query) => users("page", query),
      trending: (query) => trending(query),
    };
    for (const [name, read] of Object.entries(reads)) {
      const [old, now, strong] = [await read(eventual), await read(), await read({ consistency: "strong" })];
      expect([old.status, now.status, strong.status], name).toEqual([200, 200, 200]);
      expect(old.text, name).not.toBe(now.text);
      expect(strong.text, name).toBe(now.text);
    }
    expect((await get("page", "bob", eventual)).json).toEqual({
      count: 1,
      reactions: { like: 1 },
      mine: null,
    });
  });

  test("without REDIS_REPLICA_URL the primary answers", async () => {
    const sandbox = beside.startCache("");
    await beside.writeTwice("alone");
    expect((await sandbox.api("GET", path("alone"), { query: eventual })).text).toBe("new");
  });
});

test("whatever does not ask for it never comes near the replica", async () => {
  await beside.holdBack(); // or it would run what the primary runs
  await beside.replica.admin.config("RESETSTAT");
  const writers = await startWriters(beside.primaryUrl, beside.settings());
  onTestFinished(() => closeAll(writers));
  for (const { write, isThere } of Object.values(writers)) {
    expect((await write("x")).status).toBeLessThan(300);
    expect(await isThere("x")).toBe(true);
  }
  expect(await commandsOf(beside.replica.admin)).toEqual({});
  expect(await beside.replica.admin.info("stats")).toContain("total_connections_received:0");
  await writers.cache?.sandbox.api("GET", path("x"), { query: eventual });
  expect(await commandsOf(beside.replica.admin)).toMatchObject({ hmget: 1, pttl: 1 });
});

test("in a cluster the replicas answer, and nobody else", async () => {
  const cluster = await startCluster({ nodes: 3, replicas: 1 });
  onTestFinished(cluster.stop);
  const [{ url }] = cluster.nodes as [(typeof cluster.nodes)[0]];
  const environment = { REDIS_MODE: "cluster", REDIS_REPLICA_URL: url };
  const { api, connection } = composeCache(url, { environment });
  onTestFinished(() => connection.close());
  const admins = cluster.nodes.map((node) => ({ role: node.role, admin: new Redis(node.url) }));
  onTestFinished(() => admins.forEach(({ admin }) => void admin.disconnect()));
  const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
  for (const key of keys) await api("PUT", path(key), { body: key });
  for (const { role, admin } of admins) if (role === "primary") await admin.wait(1, 5000);
  // A node names the replicas of others when it has heard how far they are.
  const slots = async () => (await Promise.all(admins.map(({ admin }) => admin.cluster("SLOTS")))).flat();
  await until(slots, (ranges) => (ranges as unknown[][]).every((range) => range.length === 4), 20_000);

  async function readsByRole(query: Record<string, string>) {
    for (const { admin } of admins) await admin.config("RESETSTAT");
    for (const key of keys) expect((await api("GET", path(key), { query })).text).toBe(key);
    const counts = { primary: 0, replica: 0 };
    for (const { role, admin } of admins) counts[role] += (await commandsOf(admin)).hmget ?? 0;
    return counts;
  }
  expect(await readsByRole(eventual)).toEqual({ primary: 0, replica: keys.length });
  expect(await readsByRole({})).toEqual({ primary: keys.length, replica: 0 });
});

describe("is refused with 400", () => {
  test.each([
    ["another consistency", "GET", { query: { consistency: "nonsense" } }],
    ["a write", "PUT", { query: eventual, body: "x" }],
    ["a removal", "DELETE", { query: eventual }],
    ["a lease", "GET", { query: { ...eventual, lease: "5" } }],
    ["a wait", "GET", { query: { ...eventual, wait: "5" } }],
  ] as const)("%s", async (_, method, options) => {
    expect(outcomeOf(await beside.startCache().api(method, path("a"), options))).toBe("400 invalid_request");
  });

  const user = { userId: "u" };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  test.each([
    ["sessions", "POST", "/v1/sessions", { body: user }],
    ["sessions", "POST", "/v1/sessions/verify", { body: { token: "a.b" } }],
    ["tokens", "POST", "/v1/tokens", { body: { ...user, clientId: "app", scope: "read" } }],
    ["tokens", "POST", "/v1/tokens/introspect", { body: "token=a.b", headers: form }],
    ["leaderboards", "GET", "/v1/leaderboards/b", {}],
    ["likes", "GET", "/v1/likes/users/ann", {}],
    ["likes", "PUT", "/v1/likes/page/users/ann", {}],
  ])("an operation of %s that does not have it: %s %s", async (feature, method, where, options) => {
    const writers = await startWriters(beside.primaryUrl, beside.settings());
    onTestFinished(() => closeAll(writers));
    const { api } = (writers[feature] as Writer).sandbox;
    const answer = await api(method, where, { ...options, query: eventual });
    expect(outcomeOf(answer)).toBe("400 invalid_request");
    expect(answer.text).toContain("consistency");
  });
});
