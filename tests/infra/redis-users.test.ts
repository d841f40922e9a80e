import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contracts } from "../../dev/contracts.ts";
import { projectDir } from "../../dev/paths.ts";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { filesIn } from "../drift/files.ts";

const USERS = ["functions", "ops"] as const;
const MANAGED = ["serverless", "cluster", "replication-group", "node"];
/** What the connection itself says, and what a cluster makes of it. */
const OF_THE_CLIENT = ["auth", "hello", "ping", "quit", "client|setname", "asking", "readonly", "wait"];
const FEATURES = Object.keys(contracts).filter((name) => !["health", "openapi", "ops"].includes(name));

const load = createRequire(import.meta.url);
const rules: Record<(typeof USERS)[number], string> = load(join(projectDir, "infra/redis-users.json"));
const { rulesFor }: { rulesFor(user: string, cache: string): string } = load(
  join(projectDir, "infra/redis-users.cjs"),
);
const commandsOf = (text: string) =>
  text.split(" ").flatMap((word) => (word.startsWith("+") ? [word.slice(1).replace(")", "")] : []));

/** The commands that the scripts of some folders call. */
function calledIn(folders: readonly string[]): string[] {
  const sources = filesIn(
    folders.map((name) => `lib/${name}`),
    ".lua",
  ).map((path) => readFileSync(join(projectDir, path), "utf8"));
  const calls = sources.flatMap((source) => [...source.matchAll(/redis\.p?call\('([A-Z]+)'/g)]);
  return calls.map(([, name = ""]) => name.toLowerCase());
}

test("the functions may run what their scripts and their connections say, and nothing else", () => {
  // Who waits for a lock is woken by `xread`.
  const wanted = [...calledIn([...FEATURES, "idempotency"]), ...OF_THE_CLIENT, "cluster|slots", "xread"];
  expect(commandsOf(rules.functions).sort()).toEqual([...new Set([...wanted, "eval", "evalsha"])].sort());
});

test("ops may run what its scripts, its connections and the views of a server say, and nothing else", () => {
  const views = ["info", "config|get", "slowlog|get", "client|list", "dbsize", "scan"];
  const ofTheCluster = ["cluster|slots", "cluster|info", "cluster|nodes"];
  const called = calledIn(["ops", "idempotency", "locks"]).map((name) =>
    name === "memory" ? "memory|usage" : name,
  );
  // `set` is how the sentry claims a day; it runs under a lock.
  const wanted = [...called, ...OF_THE_CLIENT, ...views, ...ofTheCluster, "set", "eval", "evalsha"];
  expect([...new Set(commandsOf(rules.ops))].sort()).toEqual([...new Set(wanted)].sort());
});

describe("in a cache of ElastiCache's", () => {
  test.each(MANAGED)("no user is given a command that it does not have: %s", (cache) => {
    for (const user of USERS) {
      const commands = commandsOf(rulesFor(user, cache));
      expect(commands.length).toBeGreaterThan(20);
      const forbidden = cache === "serverless" ? /^(config|slowlog|memory|wait|client\|list)/ : /^config/;
      expect(commands.filter((command) => forbidden.test(command))).toEqual([]);
    }
  });

  test("a user is given all others, and the same keys", () => {
    expect(rulesFor("functions", "cluster")).toBe(rules.functions);
    expect(rulesFor("functions", "serverless")).toBe(rules.functions.replace(" +wait", ""));
    expect(rulesFor("ops", "node")).toBe(rules.ops.replace(" +config|get", ""));
    const [lost, kept] = [commandsOf(rules.ops), commandsOf(rulesFor("ops", "serverless"))];
    expect(lost.filter((command) => !kept.includes(command)).sort()).toEqual(
      ["client|list", "config|get", "memory|usage", "slowlog|get", "wait"].sort(),
    );
  });
});

describe.each(["self-managed", "serverless", "cluster"])("a server with the users of %s", (cache) => {
  const PASSWORD = "secret";
  const ENTRY = "acme:cache:{one}:entry";
  const NOTED = ".service:sentry:{orders}:snapshot-2026-11-23";
  const CALL = "acme:ops:{digest}:call";
  let server: RunningRedis;
  let clients: Record<string, Redis> = {};

  beforeAll(async () => {
    const rulesOf = (user: (typeof USERS)[number]) =>
      cache === "self-managed" ? rules[user] : rulesFor(user, cache);
    server = await startRedis({
      config: USERS.map((user) => `user ${user} on >${PASSWORD} ${rulesOf(user)}`),
    });
    const connect = (username: string) =>
      new Redis({ port: server.port, username, password: PASSWORD, enableReadyCheck: false });
    clients = {
      ...Object.fromEntries(USERS.map((user) => [user, connect(user)])),
      nobody: new Redis(server.url),
    };
    await clients.nobody?.hset(ENTRY, "body", "x");
  });
  afterAll(async () => {
    for (const client of Object.values(clients)) client.disconnect();
    await server.stop();
  });

  const ask = (user: string, words: readonly string[]) => {
    const [name = "", ...rest] = words;
    return clients[user]?.call(name, ...rest);
  };

  test.each([
    ["functions", ["HSET", ENTRY, "body", "y"]],
    ["functions", ["EVAL", "return redis.call('HGET', KEYS[1], 'body')", "1", ENTRY]],
    ["ops", ["TYPE", ENTRY]],
    ["ops", ["EVAL", "return redis.call('HLEN', KEYS[1])", "1", ENTRY]],
    ["ops", ["EVAL", "return redis.call('HSET', KEYS[1], 'digest', 'd')", "1", CALL]],
    ["ops", ["SET", NOTED, "claimed", "PX", "1000", "NX"]],
    ["ops", ["SCAN", "0"]],
    ["ops", ["INFO"]],
  ])("lets %s %j", async (user, words) => {
    await expect(ask(user, words)).resolves.toBeDefined();
  });

  test.each([
    ["functions", ["HSET", CALL, "digest", "d"]],
    ["functions", ["SET", NOTED, "claimed"]],
    ["functions", ["GET", "somebody-else"]],
    ["functions", ["SCAN", "0"]],
    ["functions", ["INFO"]],
    ["functions", ["PUBLISH", "channel", "x"]],
    ["ops", ["HGET", ENTRY, "body"]],
    ["ops", ["SET", ENTRY, "x"]],
    ["ops", ["HSET", ENTRY, "body", "x"]],
    ["ops", ["UNLINK", ENTRY]],
    ["ops", ["EVAL", "return redis.call('HGET', KEYS[1], 'body')", "1", ENTRY]],
    ["ops", ["EVAL", "return redis.call('HSET', KEYS[1], 'body', 'x')", "1", ENTRY]],
  ])("refuses %s %j", async (user, words) => {
    await expect(ask(user, words)).rejects.toThrow(/NOPERM|permissions|can't (access|run)|ACL failure/);
  });
});
