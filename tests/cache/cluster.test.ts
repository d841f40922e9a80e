import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cache, createCache } from "../../lib/cache/cache.ts";
import type { Put } from "../../lib/cache/put.ts";
import { cacheScripts } from "../../lib/cache/scripts.ts";
import type { Connection } from "../../lib/redis/connection.ts";
import { startCluster } from "../redis/one-node-cluster.ts";

let connection: Connection;
let cache: Cache;
beforeAll(async () => {
  connection = await startCluster(cacheScripts);
  cache = createCache(connection);
});
afterAll(() => connection?.close());

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
