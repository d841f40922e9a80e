import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { type Composition, composeCache, expectUnavailable, until } from "../composition.ts";

const path = (key: string) => `/v1/cache/entries/${key}`;

let dir: string;
let nodes: RunningRedis[] = [];
let clients: Redis[] = [];
let sandbox: Composition;

/** Two nodes that own no slot yet, and a sandbox that knows only the first and takes it for a standalone server. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redigate-slots-"));
  for (const name of ["a", "b"]) {
    const config = [
      "cluster-enabled yes",
      "cluster-announce-ip 127.0.0.1",
      `cluster-config-file ${name}.conf`,
    ];
    nodes.push(await startRedis({ dir, config }));
  }
  clients = nodes.map(({ url }) => new Redis(url));
  sandbox = composeCache(nodes[0]?.url ?? "", { environment: { REDIS_DEADLINE_MS: "500" } });
});

afterAll(async () => {
  for (const client of clients) client.disconnect();
  await sandbox?.connection.close();
  for (const node of nodes) await node.stop();
  nodes = [];
  await rm(dir, { recursive: true });
});

test("CLUSTERDOWN: a cluster that is not whole makes 503, and serves once it is", async () => {
  expectUnavailable(await sandbox.api("GET", path("a")));
  expectUnavailable(await sandbox.api("PUT", path("a"), { body: "x" }));
  await clients[0]?.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await until(
    () => sandbox.api("PUT", path("a"), { body: "x" }),
    ({ status }) => status !== 503,
  );
  expect((await sandbox.api("GET", path("a"))).text).toBe("x");
  await sandbox.api("DELETE", path("a"));
});

test("MOVED: a slot that is on another node makes 503, never 500", async () => {
  await clients[0]?.call("CLUSTER", "MEET", "127.0.0.1", String(nodes[1]?.port));
  await until(
    async () => String(await clients[0]?.call("CLUSTER", "INFO")),
    (info) => info.includes("known_nodes:2"),
  );
  await clients[0]?.call("CLUSTER", "DELSLOTSRANGE", "0", "8191");
  await clients[1]?.call("CLUSTER", "ADDSLOTSRANGE", "0", "8191");
  const ask = () => Promise.all(Array.from({ length: 20 }, (_, i) => sandbox.api("GET", path(`key-${i}`))));
  const isSettled = (answers: { status: number }[]) => answers.some(({ status }) => status === 404);
  const answers = await until(ask, isSettled);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404, 503]));
});
