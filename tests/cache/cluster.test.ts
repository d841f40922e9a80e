import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { createCache } from "../../lib/cache/cache.ts";
import type { Put } from "../../lib/cache/put.ts";
import { cacheScripts } from "../../lib/cache/scripts.ts";
import type { Connection, Run } from "../../lib/redis/connection.ts";

let dir: string;
let server: RunningRedis;
let cluster: Cluster;

/** One node that owns every slot refuses whatever spans two of them, as any cluster does. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redigate-cluster-"));
  server = await startRedis({ dir, config: ["cluster-enabled yes", "cluster-announce-ip 127.0.0.1"] });
  const node = new Redis(server.url);
  await node.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await vi.waitUntil(
    async () => String(await node.call("CLUSTER", "INFO")).includes("cluster_state:ok"),
    10_000,
  );
  node.disconnect();
  cluster = new Cluster([{ host: "127.0.0.1", port: server.port }], { scripts: cacheScripts });
});

afterAll(async () => {
  cluster?.disconnect();
  await server?.stop();
  await rm(dir, { recursive: true });
});

const run: Run = (operation) => operation(cluster as unknown as Redis);
const connection: Connection = {
  deadlineMs: 1000,
  begin: () => run,
  run,
  ping: async () => {},
  takeRoundTrips: () => [],
  close: async () => {},
};
const cache = createCache(connection);
const entry = (key: string, groups: string[] = []): Put => ({
  key,
  body: Buffer.from(key),
  contentType: "text/plain",
  life: { freshMs: 60_000, staleMs: 0, errorMs: 0 },
  groups,
});

test("every operation keeps the keys of one call in one slot", async () => {
  const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`);
  const outcomes = await cache.putAll(
    "t",
    keys.map((key, i) => entry(key, [`group-${i % 3}`, "all"])),
  );
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(["created"]));
  expect((await cache.getAll("t", keys, 100)).map((found) => found?.body?.toString())).toEqual(keys);
  await cache.invalidate("t", "group-1");
  expect(await cache.get("t", "key-1")).toBeUndefined();
  expect((await cache.get("t", "key-2"))?.body?.toString()).toBe("key-2");
  const { lease } = await cache.lookup("t", "key-1", { leaseMs: 5000 });
  expect(lease).toBeDefined();
  await cache.remove("t", "key-2");
  expect(await cache.head("t", "key-2")).toBeUndefined();
});
