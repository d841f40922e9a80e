import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import calculateSlot from "cluster-key-slot";
import { Cluster, Redis } from "ioredis";
import { afterEach, expect, test, vi } from "vitest";
import { startCluster } from "../../dev/redis/start-cluster.ts";

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Where the clusters of a test keep their folders, so that what they leave behind can be told. */
async function ownTemporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "redigate-start-cluster-"));
  vi.stubEnv("TMPDIR", dir);
  cleanups.push(async () => {
    vi.unstubAllEnvs();
    await rm(dir, { recursive: true });
  });
  return dir;
}

test("three nodes share the slots, and nothing of them is left when they are stopped", async () => {
  const dir = await ownTemporaryDir();
  const servers = await startCluster({ nodes: 3, config: ["maxmemory 50mb"] });
  cleanups.push(servers.stop);
  const cluster = new Cluster([...servers.nodes]);
  cleanups.push(async () => cluster.disconnect());

  const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`);
  await Promise.all(keys.map((key) => cluster.set(key, `value of ${key}`)));
  const values = await Promise.all(keys.map((key) => cluster.get(key)));
  expect(values).toEqual(keys.map((key) => `value of ${key}`));

  const expected = [0, 0, 0];
  for (const key of keys) {
    // The slots that do not divide by three fall to the nodes that come later.
    const node = calculateSlot(key) < 5461 ? 0 : calculateSlot(key) < 10_922 ? 1 : 2;
    expected[node] = (expected[node] ?? 0) + 1;
  }
  expect(Math.min(...expected)).toBeGreaterThan(0);
  for (const [index, { url }] of servers.nodes.entries()) {
    const client = new Redis(url);
    cleanups.push(async () => client.disconnect());
    expect(await client.dbsize()).toBe(expected[index]);
    expect(await client.config("GET", "maxmemory")).toEqual(["maxmemory", "52428800"]);
    const info = await client.cluster("INFO");
    expect(info).toContain(`cluster_my_epoch:${index + 1}\r\n`);
  }

  await expect(cluster.eval("return #KEYS", 2, "{a}1", "{a}2")).resolves.toBe(2);
  await expect(cluster.eval("return #KEYS", 2, "{a}1", "{b}1")).rejects.toThrow("CROSSSLOT");

  await servers.stop();
  await servers.stop();
  for (const { pid } of servers.nodes) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  expect(await readdir(dir)).toEqual([]);
});

test("each primary has its replicas, with a copy of all it has, and one of them takes over when asked", async () => {
  await ownTemporaryDir();
  const password = 'p@ss "w rd';
  const servers = await startCluster({ nodes: 3, replicas: 1, password });
  cleanups.push(servers.stop);
  const { nodes, primaryOf } = servers;
  expect(nodes.map(({ role }) => role)).toEqual([...Array(3).fill("primary"), ...Array(3).fill("replica")]);
  expect(nodes.slice(3).map(primaryOf)).toEqual(nodes.slice(0, 3));
  const clients = nodes.map(({ url }) => new Redis(url));
  cleanups.push(async () => clients.forEach((client) => void client.disconnect()));
  for (const [index, client] of clients.entries()) {
    const [role, , port] = (await client.role()) as [string, unknown, unknown];
    const { primaryPort } = nodes[index] ?? {};
    expect([role, ...(primaryPort ? [port] : [])]).toEqual(primaryPort ? ["slave", primaryPort] : ["master"]);
  }

  const cluster = new Cluster([...nodes.slice(3)], { redisOptions: { password } });
  cleanups.push(async () => cluster.disconnect());
  const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
  await Promise.all(keys.map((key) => cluster.set(key, key)));
  const sizes = () => Promise.all(clients.map((client) => client.dbsize()));
  await vi.waitFor(async () => {
    const all = await sizes();
    expect(all.slice(3)).toEqual(all.slice(0, 3));
  }, 5000);
  await clients[3]?.cluster("FAILOVER");
  await vi.waitFor(async () => expect((await clients[3]?.role())?.[0]).toBe("master"), 5000);
  expect(await Promise.all(keys.map((key) => cluster.get(key)))).toEqual(keys);
});

test("a cluster that cannot be formed leaves nothing behind", async () => {
  const dir = await ownTemporaryDir();
  await expect(startCluster({ nodes: 2, config: ["no-such-setting 1"] })).rejects.toThrow("no-such-setting");
  await expect(startCluster({ nodes: 2, config: ["cluster-enabled no"] })).rejects.toThrow("cluster support");
  expect(await readdir(dir)).toEqual([]);
});
