import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningRedis } from "../../dev/redis/start-redis.ts";
import { operate, startEmpty } from "./operator.ts";
import { serveHttp, terminal } from "./terminal.ts";

const ESCAPE = "\u001b]0;owned\u0007\u001b[2J";
const RAW = Buffer.from([0x61, 0xff, 0x00, 0xc3, 0x28]);
const LONG = "n".repeat(5000);

let redis: RunningRedis;
let client: Redis;
let ops: ReturnType<typeof operate>;

beforeAll(async () => {
  redis = await startEmpty({ config: ["slowlog-log-slower-than 0"] });
  client = new Redis(redis.url);
  await client.hset(RAW, "field", "x".repeat(100_000));
  await client.set(ESCAPE, "x".repeat(50_000));
  await client.set(LONG, "x".repeat(20_000));
  await client.set("umlaut ü", "x");
  ops = operate(redis.url);
});
afterAll(async () => {
  await ops?.connection.close();
  client?.disconnect();
  await redis?.stop();
});

describe("keys of any name", () => {
  test("are all seen, measured and counted, those that are no UTF-8 as well", async () => {
    const { collections, scannedKeys } = (await ops.get("collections")).json;
    expect(scannedKeys).toBe(4);
    expect(collections[0]).toMatchObject({
      key: "a\\xff\\x00\\xc3(",
      type: "hash",
      members: 1,
      measured: true,
    });
    expect(collections[0].bytes).toBeGreaterThan(100_000);
    const names = collections.map(({ key }: { key: string }) => key);
    expect(names).toEqual([expect.any(String), ESCAPE, `${"n".repeat(2048)}…`, "umlaut ü"]);
    const { memory } = (await ops.get("memory")).json;
    expect(memory).toMatchObject({ totalKeys: 4, sampledKeys: 4 });
    expect(memory.features[0]).toMatchObject({ feature: "other", keys: 4 });
    expect(memory.features[0].bytes).toBeGreaterThan(170_000);
  });

  test("do nothing to the terminal that shows them", async () => {
    const served = await serveHttp(ops);
    const { code, stdout } = await terminal(served, "collections");
    await served.close();
    expect(code).toBe(0);
    expect(stdout).toContain("\\u{1b}]0;owned\\u{7}\\u{1b}[2J");
    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

test("clients cannot be called what a terminal would obey", async () => {
  for (const name of [ESCAPE, "two words", "a\nb=c"]) {
    await expect(client.client("SETNAME", name)).rejects.toThrow("Client names cannot contain");
    await expect(client.call("HELLO", "3", "SETNAME", name)).rejects.toThrow("Client names cannot contain");
  }
});

test("a client with a name as long as an answer is counted, and its name cut off", async () => {
  await client.client("SETNAME", LONG);
  const { clients } = (await ops.get("clients")).json;
  expect(clients.names).toContainEqual({ value: "n".repeat(128), clients: 1 });
});

describe("of what was slow", () => {
  const SECRET = "correct-horse-battery";
  const AS_A_KEY = "acme:cache:{x}:entry";

  test.each<[string, string[]]>([
    ["a value behind a key of ours", ["SET", AS_A_KEY, SECRET]],
    ["a key that is not of ours", ["GET", SECRET]],
    ["a login", ["AUTH", "default", SECRET]],
    ["a login within a greeting", ["HELLO", "3", "AUTH", "default", SECRET]],
    ["a setting", ["CONFIG", "SET", "masterauth", SECRET]],
    ["a user's password", ["ACL", "SETUSER", "somebody", `>${SECRET}`]],
    ["a message", ["PUBLISH", SECRET, SECRET]],
    ["an argument of a script", ["EVAL", "return 1", "1", AS_A_KEY, SECRET]],
    ["a script", ["EVAL", `return '${SECRET}'`, "0"]],
    ["an argument that is passed off as none", ["EVAL", "return 1", "0", `${SECRET}:cache:{x}:entry`]],
    ["a number of keys that is none", ["EVAL", "return 1", SECRET, `${SECRET}:cache:{x}:entry`]],
    ["another server's password", ["MIGRATE", "127.0.0.1", "1", "k", "0", "10", "AUTH", SECRET]],
  ])("%s is not shown", async (_, [command = "", ...words]) => {
    await client.call(command, ...words).catch(() => {});
    const { json, text } = await ops.get("slowlog", { limit: "128" });
    expect(json.commands.length).toBeGreaterThan(0);
    expect(text).not.toContain(SECRET);
  });
});
