import { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ClusterNode, type RunningCluster, startCluster } from "../../dev/redis/start-cluster.ts";
import { createPages } from "../../lib/http/pages.ts";
import { cacheKeys } from "../../lib/redis/keys.ts";
import { until } from "../composition.ts";
import { operate } from "./operator.ts";
import { serveHttp, terminal } from "./terminal.ts";

const KEYS = 20_000;
let cluster: RunningCluster;
let victim: ClusterNode;
let ops: ReturnType<typeof operate>;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3, config: ["cluster-require-full-coverage no"] });
  const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
  const client = new Cluster([{ host: first.host, port: first.port }]);
  const keys = Array.from({ length: KEYS }, (_, index) => cacheKeys.entry("acme", `${index}`));
  await Promise.all(keys.map((key) => client.hset(key, { head: "{}", body: "x" })));
  client.disconnect();
  ops = operate(first.url, { environment: { REDIS_MODE: "cluster", REDIS_DEADLINE_MS: "4000" } });
  await ops.get("engine");
  victim = second;
  victim.kill("SIGKILL");
}, 60_000);
afterAll(async () => {
  await ops?.connection.close();
  await cluster?.stop();
});

const address = () => `${victim.host}:${victim.port}`;

describe("a primary that is away, and has no replica,", () => {
  test("is named by what asks all, time and again", async () => {
    for (const _time of [1, 2, 3]) {
      const { status, json } = await ops.get("engine");
      expect([status, json.nodes.length, json.unreachable]).toEqual([200, 2, [address()]]);
      const { memory } = (await ops.get("memory")).json;
      expect(memory.unreachable).toEqual([address()]);
      expect(memory.totalKeys).toBeLessThan(KEYS);
    }
  });

  test("is named on each page of the collections from where it was missed, and the others are gone over", async () => {
    const pages: { readonly scannedKeys: number; readonly unreachable: string[] }[] = [];
    let cursor: string | undefined;
    do {
      const { status, json } = await ops.get("collections", { limit: "5", ...(cursor && { cursor }) });
      expect(status).toBe(200);
      pages.push(json);
      cursor = json.next;
    } while (cursor);
    expect(pages.length).toBeGreaterThan(2);
    const from = pages.findIndex(({ unreachable }) => unreachable.length > 0);
    expect(pages.slice(from).map(({ unreachable }) => unreachable)).toEqual(
      pages.slice(from).map(() => [address()]),
    );
    expect(from).toBeGreaterThanOrEqual(0);
    const scanned = pages.reduce((sum, { scannedKeys }) => sum + scannedKeys, 0);
    expect(scanned).toBeGreaterThan(KEYS / 2);
    expect(scanned).toBeLessThan(KEYS);
  });
});

test("who is away is named though nobody tells in time who there is", async () => {
  const [first, , frozen] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
  const hasty = operate(first.url, { environment: { REDIS_MODE: "cluster", REDIS_DEADLINE_MS: "1000" } });
  const before = await until(
    () => hasty.get("engine"),
    ({ json }) => json.nodes?.length === 2,
  );
  expect(before.json.unreachable).toEqual([address()]);
  frozen.kill("SIGSTOP");
  // Which node is asked for the slots is left to chance.
  for (const _time of [1, 2, 3, 4, 5]) {
    const { status, json } = await hasty.get("engine");
    expect(status).toBe(200);
    expect(json.unreachable).toEqual([address(), `${frozen.host}:${frozen.port}`].sort());
  }
  frozen.kill("SIGCONT");
  await hasty.connection.close();
});

test("the terminal names it under what it has found", async () => {
  const served = await serveHttp(ops);
  for (const command of ["collections", "memory", "engine", "topology"])
    expect((await terminal(served, command)).stdout, command).toContain(`Unreachable: ${address()}`);
  await served.close();
});

describe("a position that somebody made up", () => {
  const ask = async (change: (position: string) => string) => {
    const { json } = await ops.get("collections", { limit: "1" });
    const pages = createPages("operator", "/v1/ops/collections");
    const position = pages.after(json.next) ?? "";
    return ops.get("collections", { cursor: pages.next(change(position), 1).body.next ?? "" });
  };

  test.each<[string, (words: string[]) => string[]]>([
    ["of another primary than there are", ([servers = "", , cursor = ""]) => [servers, "3", cursor, ""]],
    [
      "of a primary beyond counting",
      ([servers = "", , cursor = ""]) => [servers, "9".repeat(40), cursor, ""],
    ],
    ["beyond what SCAN takes", ([servers = ""]) => [servers, "0", `${2n ** 64n}`, ""]],
    ["that is no number", ([servers = ""]) => [servers, "0", "-1", ""]],
    ["that missed what there is not", ([servers = ""]) => [servers, "0", "0", "7"]],
    ["of other primaries", ([, ...more]) => ["other", ...more]],
    ["with more in it", (words) => [...words, "more"]],
    ["with nothing in it", () => [" "]],
  ])("%s is refused", async (_, change) => {
    const { status, json } = await ask((position) => change(position.split(" ")).join(" "));
    expect({ status, path: json.errors?.[0].path }).toEqual({ status: 400, path: "query.cursor" });
  });

  test("that there may be gives keys, which whoever may make one may see anyway", async () => {
    const answer = await ask((position) => position.replace(/^(\S+) .*$/, `$1 0 ${2n ** 64n - 1n} `));
    expect(answer.status).toBe(200);
  });
});
