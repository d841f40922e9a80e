import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { cacheKeys } from "../../lib/redis/keys.ts";
import { stubAws } from "../aws/aws-endpoint.ts";
import { bareClient } from "../provided-redis.ts";
import * as wire from "./elasticache-wire.ts";
import { operate, startEmpty } from "./operator.ts";
import { type Served, serveHttp, terminal } from "./terminal.ts";

const operators: ReturnType<typeof operate>[] = [];
let local: Served;
let managed: Served;

async function serve(environment: Record<string, string> = {}): Promise<Served> {
  const ops = operate(inject("redisUrl"), { environment });
  operators.push(ops);
  return serveHttp(ops);
}

beforeAll(async () => {
  local = await serve();
  managed = await serve({ ELASTICACHE_ID: "orders", REDIS_DEADLINE_MS: "2000" });
  const client = bareClient();
  await client.hset(cacheKeys.entry("terminal", "one"), { head: "{}", body: "x".repeat(3_000_000) });
  client.disconnect();
});
afterAll(async () => {
  await local?.close();
  await managed?.close();
  for (const { connection } of operators) await connection.close();
});

describe("npm run ops, for a Redis that nobody manages,", () => {
  test.each<[string, RegExp[]]>([
    ["topology", [/ElastiCache: not managed/, /address +role +engine/, /primary +\w+ \d+\.\d+/]],
    ["engine", [/address +role +memory/, /\d+\.\d [KMG]iB/]],
    [
      "memory",
      [
        /feature +keys +memory +share/,
        /^cache +\d+ +/m,
        /From \d+ of \d+ keys, measured\./,
        /of the \d+\.\d [KMG]iB that Redis uses/,
      ],
    ],
    ["collections", [/memory +members +type +key/, /[23]\.\d MiB +2 +hash +terminal:cache:\{one\}:entry/]],
    ["slowlog", [/when +ms +node +command|\(none\)/]],
    ["clients", [/node +connected/, /127\.0\.0\.1 +\d+/, /under a minute +\d+/]],
    ["snapshot", [/Snapshots: not managed/]],
  ])("prints %s", async (command, patterns) => {
    const { code, stdout, stderr } = await terminal(local, command);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const pattern of patterns) expect(stdout).toMatch(pattern);
    expect(stdout).not.toMatch(/undefined|NaN|\[object/);
  });

  test.each<[string, string[], number, RegExp]>([
    ["a command that there is not", ["everything"], 2, /There is no command everything.\n\nUsage/],
    ["none at all", [], 2, /Usage/],
    ["an option that there is not", ["memory", "--values"], 2, /Usage/],
    ["two things at once", ["snapshot", "--create", "--restore", "x"], 2, /do not go together.\n\nUsage/],
    ["a limit that is none", ["slowlog", "--limit", "many"], 1, /^400 invalid_request: query.limit/],
    ["a failover of nothing", ["failover-test"], 1, /--node-group.*--confirm/],
    ["a snapshot of it", ["snapshot", "--create"], 1, /^409 not_managed/],
    ["a token that lacks the scope", ["memory", "--token", "x"], 1, /^401 token_/],
  ])("refuses %s", async (_, words, code, message) => {
    const answer = await terminal(local, ...words);
    expect(answer.code).toBe(code);
    expect(answer.stderr).toMatch(message);
    expect(answer.stderr).not.toContain("    at ");
  });

  test("leads on where the sample explains little of the memory", async () => {
    const redis = await startEmpty();
    const [client, elsewhere] = [0, 1].map((db) => new Redis(redis.url, { db }));
    await client?.mset(Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`${index}`, ""])));
    const ops = operate(redis.url);
    const served = await serveHttp(ops);
    await elsewhere?.set("large", "x".repeat(10_000_000));
    expect((await terminal(served, "memory")).stdout).toMatch(/run -s ops -- collections/);
    await client?.del(...Array.from({ length: 3000 }, (_, index) => `${index}`)); // so few are seen one and all
    expect((await terminal(served, "memory")).stdout).not.toContain("collections");
    client?.disconnect();
    elsewhere?.disconnect();
    await served.close();
    await ops.connection.close();
    await redis.stop();
  });

  test("says so when nothing answers", async () => {
    const { code, stderr } = await terminal({ url: "http://127.0.0.1:9" }, "engine");
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Nothing answers at"),
    });
  });
});

describe("npm run ops, for a cache of ElastiCache,", () => {
  test("prints, makes, explains and tests", async () => {
    await stubAws(
      wire.elasticache({ DescribeSnapshots: wire.snapshots(["orders-1", "automatic.orders-2"]) }),
    );
    const topology = (await terminal(managed, "topology")).stdout;
    for (const line of [
      "orders: replication-group, available, valkey 9.0.1, cache.r7g.large",
      "automatic snapshots kept 7 days, automatic failover on",
      "configuration: clustercfg.orders.example:6379",
    ])
      expect(topology).toContain(line);
    expect(topology).toMatch(/0001 +available +orders-0001-002 +eu-central-1b/);
    expect(topology).toMatch(/2026-11-23T05:06:07.000Z +Failover/);
    expect(topology).toMatch(/valkey-9-patch +important +not-applied/);
    expect((await terminal(managed, "snapshot")).stdout).toMatch(/automatic\.orders-2 +available +automated/);
    expect((await terminal(managed, "snapshot", "--create", "--label", "now")).stdout).toBe(
      "orders-now: creating\n",
    );
    const restore = (await terminal(managed, "snapshot", "--restore", "orders-1")).stdout;
    expect(restore).toMatch(/^1\. .*\nnpx sls deploy --stage restored --param cache=cluster/m);
    const failover = await terminal(managed, "failover-test", "--node-group", "0001", "--confirm", "orders");
    expect(failover.stdout).toContain("The failover of 0001 has begun.");
    const unconfirmed = await terminal(managed, "failover-test", "--node-group", "0001", "--confirm", "yes");
    expect(unconfirmed.stderr).toMatch(/^400 invalid_request: body.confirm/);
  });
});
