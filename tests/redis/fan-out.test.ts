import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import calculateSlot from "cluster-key-slot";
import { type ChainableCommander, Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { type Call, fanOut } from "../../lib/redis/fan-out.ts";
import { uniqueTenant } from "../api.ts";
import { until } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

/** A script, so that its loading is fanned out as well. */
const scripts = { fanOutEcho: { lua: "return { KEYS[1], ARGV[1] }", numberOfKeys: 1 } };
type Echo = ChainableCommander & { fanOutEcho(key: string, text: string): unknown };

const tenant = uniqueTenant();
const keys = Array.from({ length: 40 }, (_, index) => `${tenant}:{${index % 25}}:${index}`);
const echoes: Call[] = keys.map((key, index) => (p) => (p as Echo).fanOutEcho(key, `${index}`));
const expected = keys.map((key, index) => [key, `${index}`]);

let dir: string;
let node: RunningRedis;
let cluster: Cluster;
let proxy: TcpProxy;
let standalone: Redis;

beforeAll(async () => {
  proxy = await startTcpProxy(inject("redisUrl"));
  standalone = new Redis(proxy.url, { scripts });
  await standalone.ping();
  dir = await mkdtemp(join(tmpdir(), "redigate-fan-out-"));
  node = await startRedis({ dir, config: ["cluster-enabled yes", "cluster-announce-ip 127.0.0.1"] });
  const admin = new Redis(node.url);
  await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await until(
    () => admin.call("CLUSTER", "INFO"),
    (info) => String(info).includes("cluster_state:ok"),
  );
  admin.disconnect();
  cluster = new Cluster([{ host: "127.0.0.1", port: node.port }], { scripts });
});

afterAll(async () => {
  standalone?.disconnect();
  await proxy?.close();
  cluster?.disconnect();
  await node?.stop();
  await rm(dir, { recursive: true });
});

test("on a standalone server all calls take one round trip and answer in order", async () => {
  const before = proxy.roundTrips();
  expect(await fanOut(standalone, echoes)).toEqual(expected);
  expect(proxy.roundTrips() - before).toBe(1);
});

test("on a cluster the replies of all slots come back in the order of the calls", async () => {
  expect(new Set(keys.map((key) => calculateSlot(key))).size).toBe(25);
  expect(await fanOut(cluster, echoes)).toEqual(expected);
  expect(await fanOut(cluster, echoes), "with the script known by its digest").toEqual(expected);
});

test("no call at all gives no reply", async () => {
  expect(await fanOut(standalone, [])).toEqual([]);
  expect(await fanOut(cluster, [])).toEqual([]);
});

test("replies that are nil or empty keep their place", async () => {
  const get =
    (key: string): Call =>
    (p) =>
      p.get(key);
  await standalone.set(keys[1] as string, "", "EX", 60);
  expect(await fanOut(standalone, [get("nothing"), get(keys[1] as string), get("nothing")])).toEqual([
    null,
    "",
    null,
  ]);
});

test.each(["standalone", "cluster"])(
  "one failing call rejects with what the %s server said, and the others ran",
  async (kind) => {
    const redis = kind === "cluster" ? cluster : standalone;
    const [text, other] = [`${tenant}:text`, `${tenant}:other`];
    const calls: Call[] = [
      (p) => p.set(text, "x", "EX", 60),
      (p) => p.incr(text),
      (p) => p.set(other, "y", "EX", 60),
    ];
    await expect(fanOut(redis, calls)).rejects.toThrow("not an integer");
    await until(
      () => redis.get(other),
      (value) => value === "y",
    );
  },
);

test("each call that failed is told of, though the first of them fails them all", async () => {
  const failing: Call = (p) => p.lpush(keys[0] ?? "", "x");
  for (const redis of [standalone, cluster]) {
    await redis.set(keys[0] ?? "", "no list");
    const failed: number[] = [];
    const running = fanOut(redis, [failing, (p) => p.get(keys[0] ?? ""), failing], (error, at) => {
      failed.push(at);
      throw error;
    });
    await expect(running).rejects.toThrow("WRONGTYPE");
    await until(
      async () => failed,
      ({ length }) => length === 2,
    );
    expect(failed).toEqual([0, 2]);
  }
});
