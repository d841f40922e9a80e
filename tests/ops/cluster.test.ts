import { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningCluster, startCluster } from "../../dev/redis/start-cluster.ts";
import { cacheKeys, leaderboardKeys } from "../../lib/redis/keys.ts";
import { until } from "../composition.ts";
import { operate } from "./operator.ts";

const BOARDS = [0, 1, 2, 3, 4, 5].map((part) => leaderboardKeys.window("acme", "race", part, "all").ranks);
let cluster: RunningCluster;
let client: Cluster;
let ops: ReturnType<typeof operate>;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3, replicas: 1 });
  const [first] = cluster.nodes;
  client = new Cluster([{ host: "127.0.0.1", port: first?.port ?? 0 }]);
  await client.ping();
  const entries = Array.from({ length: 8000 }, (_, index) => cacheKeys.entry("acme", `${index}`));
  await Promise.all(entries.map((key) => client.hset(key, { head: "{}", body: "x" })));
  for (const [index, board] of BOARDS.entries())
    for (let member = 0; member < 20 + index; member++) await client.zadd(board, member, `member ${member}`);
  const environment = { REDIS_MODE: "cluster", REDIS_MIN_REPLICAS_ACK: "1" };
  ops = operate(first?.url ?? "", { environment });
}, 60_000);

afterAll(async () => {
  await ops?.connection.close();
  client?.disconnect();
  await cluster?.stop();
});

const addresses = (role?: string) =>
  cluster.nodes
    .filter((node) => !role || node.role === role)
    .map(({ host, port }) => `${host}:${port}`)
    .sort();

async function sweepAll(limit: string) {
  const keys = new Map<string, number>();
  let scanned = 0;
  let calls = 0;
  let cursor: string | undefined;
  do {
    const { status, json } = await ops.get("collections", { limit, ...(cursor && { cursor }) });
    expect(status).toBe(200);
    for (const { key, members } of json.collections) keys.set(key, members);
    scanned += json.scannedKeys;
    calls++;
    cursor = json.next;
  } while (cursor);
  return { keys, scanned, calls };
}

describe("on a cluster", () => {
  test("every node is heard, with its role and its replication", async () => {
    // The nodes themselves take a second to hear how far a new replica is.
    const { json } = await until(
      () => ops.get("topology"),
      ({ json }) => json.nodes.length === cluster.nodes.length,
    );
    expect(json.unreachable).toEqual([]);
    expect(json.nodes.map(({ address }: { address: string }) => address).sort()).toEqual(addresses());
    const primaries = json.nodes.filter(({ role }: { role: string }) => role === "primary");
    expect(primaries.map(({ address }: { address: string }) => address).sort()).toEqual(addresses("primary"));
    for (const { replication } of primaries) expect(replication.replicas).toHaveLength(1);
    expect(json.cluster).toMatchObject({ state: "ok", servedSlots: 16_384 });
    const slots = json.cluster.nodes.flatMap(({ slots }: { slots: string[] }) => slots);
    expect(slots.sort()).toEqual(["0-5460", "10922-16383", "5461-10921"]);
  });

  test("memory is sampled on all primaries, and stands for all keys", async () => {
    const { memory } = (await ops.get("memory")).json;
    expect(memory.totalKeys).toBe(8006);
    expect(memory.sampledKeys).toBeLessThan(8006);
    const cache = memory.features.find(({ feature }: { feature: string }) => feature === "cache");
    expect(cache.keys).toBeGreaterThan(7900);
    expect(cache.keys).toBeLessThan(8100);
  });

  test("the biggest collections are found over several calls, wherever they are", async () => {
    const { keys, scanned, calls } = await sweepAll("10");
    expect(calls).toBeGreaterThan(1);
    expect(scanned).toBeGreaterThanOrEqual(8006);
    for (const [index, board] of BOARDS.entries()) expect(keys.get(board)).toBe(20 + index);
  });

  test("a cursor of other primaries is refused", async () => {
    const { json } = await ops.get("collections");
    const forged = await ops.served.collections({ limit: 5, after: "anotherset 0 17" });
    expect(json.next).toBeDefined();
    expect(forged).toBe("moved");
  });
});

test("a node that is away is named, and the others are heard", async () => {
  const victim = cluster.nodes.find(({ role }) => role === "replica");
  victim?.kill("SIGKILL");
  const { status, json } = await until(
    () => ops.get("engine"),
    ({ json }) => json.nodes.length + json.unreachable.length === cluster.nodes.length,
  );
  expect([status, json.nodes.length]).toEqual([200, 5]);
  expect(json.unreachable).toEqual([`${victim?.host}:${victim?.port}`]);
});
