import { createRequire } from "node:module";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { composeCache } from "../composition.ts";

interface Concurrency {
  maxClientsOf(cache: string): number;
  connectionsOf(sandboxes: number): number;
  leastFor(functions: readonly string[]): number;
  reserve(functions: readonly string[], concurrency: number): Record<string, number>;
}
const load = createRequire(import.meta.url);
const { maxClientsOf, connectionsOf, leastFor, reserve }: Concurrency = load(
  join(projectDir, "infra/concurrency.cjs"),
);
const { functions }: { functions: string[] } = load(join(projectDir, "infra/functions.cjs"));
const { settle } = load(join(projectDir, "infra/parameters.cjs"));

const sum = (numbers: Record<string, number>) =>
  Object.values(numbers).reduce((total, one) => total + one, 0);

/** Of everybody but the one who asks, the cluster itself and replicas. */
async function clientsOf(url: string): Promise<number> {
  const redis = new Redis(url);
  const list = String(await redis.call("CLIENT", "LIST", "TYPE", "normal"));
  redis.disconnect();
  return list.trim().split("\n").length - 1;
}

test("a sandbox has two connections to a node, and while a version replaces another there are two of each", async () => {
  const cluster = await startCluster({ nodes: 3, replicas: 1 });
  onTestFinished(() => cluster.stop());
  const url = cluster.nodes[0]?.url ?? "";
  const environment = { REDIS_MODE: "cluster", REDIS_REPLICA_URL: url };
  const sandbox = composeCache(url, { environment });
  onTestFinished(() => sandbox.connection.close());
  for (let entry = 0; entry < 30; entry++)
    for (const query of [{}, { consistency: "eventual" }])
      expect((await sandbox.api("GET", `/v1/cache/entries/${entry}`, { query })).status).toBe(404);
  const clients = await Promise.all(cluster.nodes.map((node) => clientsOf(node.url)));
  expect(Math.max(...clients)).toBe(connectionsOf(1) / 2);
});

test.each(["serverless", "cluster", "replication-group", "node", "self-managed"])(
  "%s: what may be reserved stays under the clients that a node takes, and one more is refused",
  (cache) => {
    const most = Math.floor(maxClientsOf(cache) / connectionsOf(1));
    const reserved = sum(reserve(functions, most));
    expect(reserved).toBeLessThanOrEqual(most);
    expect(connectionsOf(reserved)).toBeLessThanOrEqual(maxClientsOf(cache));
    expect(() => settle({ cache, concurrency: String(most) }, "prod", {})).not.toThrow();
    expect(() => settle({ cache, concurrency: String(most + 1) }, "prod", {})).toThrow("concurrency");
  },
);

test("every function has its share, at least one sandbox, and all together never more than there are", () => {
  for (let concurrency = leastFor(functions); concurrency <= 1000; concurrency++) {
    const reserved = reserve(functions, concurrency);
    expect(Object.keys(reserved)).toEqual(functions);
    expect(Math.min(...Object.values(reserved))).toBeGreaterThanOrEqual(1);
    expect(sum(reserved)).toBeLessThanOrEqual(concurrency);
    expect(sum(reserved)).toBeGreaterThan(concurrency - functions.length);
  }
  const { cache = 0, sessions = 0, tokens = 0, health = 0 } = reserve(functions, 500);
  expect([cache, sessions, tokens, health]).toEqual([cache, sessions, tokens, health].sort((a, b) => b - a));
  expect(cache).toBeGreaterThan(3 * tokens);
});

test("what a schedule starts has two sandboxes, however many there are", () => {
  for (const concurrency of [leastFor(functions), 500, 16_000])
    expect(reserve(functions, concurrency)).toMatchObject({ sentry: 2, warmer: 2 });
});

test("fewer than all functions need are refused, and none is none", () => {
  const least = leastFor(functions);
  expect(() => settle({ concurrency: String(least) }, "prod", {})).not.toThrow();
  expect(() => settle({ concurrency: String(least - 1) }, "prod", {})).toThrow(`the ${least} that all`);
  expect(settle({ concurrency: "0" }, "prod", {}).concurrency).toBe(0);
});

test("the default leaves an account of a thousand what Lambda wants unreserved", () => {
  expect(sum(reserve(functions, settle({}, "prod", {}).concurrency))).toBeLessThanOrEqual(900);
});
