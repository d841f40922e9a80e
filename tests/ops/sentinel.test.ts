import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningSentinel, startSentinel } from "../../dev/redis/start-sentinel.ts";
import { cacheKeys } from "../../lib/redis/keys.ts";
import { until } from "../composition.ts";
import { operate } from "./operator.ts";

const KEYS = 6000;
let group: RunningSentinel;
let ops: ReturnType<typeof operate>;

beforeAll(async () => {
  group = await startSentinel({ replicas: 2 });
  const client = new Redis(group.primary.url);
  const pipeline = client.pipeline();
  for (let index = 0; index < KEYS; index++) pipeline.hset(cacheKeys.entry("acme", `${index}`), "body", "x");
  await pipeline.exec();
  await client.wait(2, 5000);
  client.disconnect();
  const [first] = group.sentinels;
  ops = operate(`redis://${first?.host}:${first?.port}`, {
    environment: { REDIS_MODE: "sentinel", REDIS_SENTINEL_NAME: group.name, REDIS_DEADLINE_MS: "4000" },
  });
}, 60_000);
afterAll(async () => {
  await ops?.connection.close();
  await group?.stop();
});

const primary = (port: number | undefined) => `127.0.0.1:${port}`;

describe("behind sentinels", () => {
  test("the topology is the primary that they name, with how far its replicas are", async () => {
    const { json } = await until(
      () => ops.get("topology"),
      ({ json }) => json.nodes[0]?.replication.replicas.length === 2,
    );
    expect(json).toMatchObject({ cache: "not_managed", cluster: "off", unreachable: [], reasons: [] });
    expect(json.nodes).toMatchObject([{ address: primary(group.primary.port), role: "primary" }]);
    const replicas = json.nodes[0].replication.replicas.map(({ address }: { address: string }) => address);
    expect(replicas.sort()).toEqual(group.replicas.map(({ port }) => primary(port)).sort());
  });

  test("memory, collections, the slow log and the clients are the primary's", async () => {
    expect((await ops.get("memory")).json.memory).toMatchObject({ totalKeys: KEYS, measured: true });
    const { collections } = (await ops.get("collections", { limit: "1" })).json;
    expect(collections).toMatchObject([{ node: primary(group.primary.port), feature: "cache" }]);
    expect((await ops.get("slowlog")).json.commands).toBeInstanceOf(Array);
    expect((await ops.get("clients")).json.nodes).toMatchObject([{ address: primary(group.primary.port) }]);
  });

  test("after a failover it is the other one, where a position on the first means nothing", async () => {
    const { next } = (await ops.get("collections")).json;
    expect(next).toBeDefined();
    group.primary.kill("SIGKILL");
    const { json } = await until(
      () => ops.get("engine"),
      ({ status, json }) => status === 200 && json.nodes[0]?.role === "primary",
      30_000,
    );
    const ports = group.replicas.map(({ port }) => primary(port));
    expect(ports).toContain(json.nodes[0].address);
    expect((await ops.get("memory")).json.memory.totalKeys).toBe(KEYS);
    const { status, json: refused } = await ops.get("collections", { cursor: next });
    expect({ status, path: refused.errors[0].path }).toEqual({ status: 400, path: "query.cursor" });
  });
}, 60_000);
