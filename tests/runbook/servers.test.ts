import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort } from "../../dev/free-port.ts";
import { findEngine } from "../../dev/redis/find-engine.ts";
import { launch, onFreePort } from "../../dev/redis/launch.ts";
import { ping } from "../../dev/redis/ping.ts";
import { startSentinel } from "../../dev/redis/start-sentinel.ts";
import { composeCache, until } from "../composition.ts";
import { type Desk, prepareDesk } from "./desk.ts";
import { markedNames, stepsOf } from "./steps.ts";

let desk: Desk;
const cleaners: (() => unknown)[] = [];

beforeAll(async () => {
  desk = await prepareDesk();
});
afterEach(async () => {
  for (const clean of cleaners.splice(0).reverse()) await clean();
});
afterAll(() => desk?.clear());

/** A server with a folder and a configuration of its own, which it can rewrite, and a client on it. */
async function started(lines: readonly string[] = [], password = "") {
  const dir = await mkdtemp(join(desk.folder, "redis-"));
  const file = join(dir, "redis.conf");
  const access = password ? `default:${password}@` : "";
  const own = ["bind 127.0.0.1", `dir ${dir}`, 'save ""', "repl-diskless-sync-delay 0", ...lines];
  if (password) own.push(`requirepass ${password}`);
  const startOn = async (port: number) => {
    const readyWords = "Ready to accept connections";
    const check = () => ping(`redis://${access}127.0.0.1:${port}`);
    const server = await launch(await findEngine(), { port, words: [file], readyWords, check });
    cleaners.push(() => server.stop());
    return { ...server, port };
  };
  const server = await onFreePort(async (port) => {
    await writeFile(file, [`port ${port}`, ...own, ""].join("\n"));
    return startOn(port);
  });
  const url = `redis://${access}127.0.0.1:${server.port}`;
  return {
    ...server,
    url,
    admin: clientOf(url),
    startAgain: () => startOn(server.port),
    configuration: () => readFile(file, "utf8"),
  };
}

/** A primary, and a replica that has everything. */
async function startedPair() {
  const primary = await started();
  const replica = await started([`replicaof 127.0.0.1 ${primary.port}`]);
  await until(
    () => primary.admin.info("replication"),
    (text) => text.includes("state=online"),
    20_000,
  );
  const environment = {
    REPLICA_URL: replica.url,
    REPLICA_HOST: "127.0.0.1",
    REPLICA_PORT: `${replica.port}`,
  };
  return { primary, replica, terminal: desk.terminal({ OPERATOR_URL: primary.url, ...environment }) };
}

function clientOf(url: string): Redis {
  const client = new Redis(url);
  client.on("error", () => {});
  cleaners.push(() => client.disconnect());
  return client;
}

function steps(name: string, count: number): string[] {
  const found = stepsOf(name);
  expect(found).toHaveLength(count);
  return found;
}

const roleOf = async (admin: Redis) => String((await admin.role())[0]);

test("every marked step of the README is run by a test", () => {
  expect(markedNames().sort()).toEqual([
    "failover-dead-primary",
    "failover-hand-over",
    "failover-sentinel",
    "latency",
    "memory-full",
    "migrate",
    "restore",
    "rotate-password",
    "rotate-signing-key",
  ]);
});

test("a copy becomes a server with the same data, which writes an append-only file", async () => {
  const [copy = "", restore = ""] = steps("restore", 2);
  const { url } = await started();
  const sandbox = composeCache(url);
  cleaners.push(() => sandbox.connection.close());
  for (const key of ["a", "b"])
    await sandbox.api("PUT", `/v1/cache/entries/${key}`, { body: `value of ${key}` });
  const DATA_DIR = join(desk.folder, "restored");
  const RESTORED_PORT = String(await freePort(0));
  const terminal = desk.terminal({ OPERATOR_URL: url, DATA_DIR, RESTORED_PORT });
  await terminal.run(copy);
  await sandbox.api("PUT", "/v1/cache/entries/later", { body: "x" });
  cleaners.push(() => terminal.run('redis-cli -p "$RESTORED_PORT" SHUTDOWN NOSAVE FORCE || true'));
  const output = await terminal.run(restore);
  const restored = clientOf(`redis://127.0.0.1:${RESTORED_PORT}`);
  expect(Number(output.trim().split("\n").at(-1))).toBeGreaterThanOrEqual(2);
  const again = composeCache(`redis://127.0.0.1:${RESTORED_PORT}`, { tenant: sandbox.tenant });
  cleaners.push(() => again.connection.close());
  expect((await again.api("GET", "/v1/cache/entries/b")).text).toBe("value of b");
  expect((await again.api("GET", "/v1/cache/entries/later")).status).toBe(404);
  await again.api("PUT", "/v1/cache/entries/c", { body: "kept" });
  expect(await restored.info("persistence")).toContain("aof_enabled:1");
});

test("sentinels name another primary, and a function follows", async () => {
  const [fail = "", ask = ""] = steps("failover-sentinel", 2);
  const group = await startSentinel({ replicas: 1 });
  cleaners.push(() => group.stop());
  const [sentinel] = group.sentinels;
  const url = `redis://${sentinel?.host}:${sentinel?.port}`;
  const terminal = desk.terminal({ SENTINEL_URL: url });
  const sandbox = composeCache(url, { environment: { REDIS_MODE: "sentinel" } });
  cleaners.push(() => sandbox.connection.close());
  const put = () => sandbox.api("PUT", "/v1/cache/entries/a", { body: "x" });
  expect((await put()).status).toBe(201);
  await terminal.run(fail);
  const named = await until(
    () => terminal.run(ask),
    (text) => text.includes(String(group.replicas[0]?.port)),
    20_000,
  );
  expect(named).not.toContain(String(group.primary.port));
  await until(put, ({ status }) => status < 300, 20_000);
});

test("a primary hands over, and nothing that was acknowledged is lost", async () => {
  const [handOver = ""] = steps("failover-hand-over", 1);
  const { primary, replica, terminal } = await startedPair();
  const acknowledged = await writeOn(primary.url);
  await terminal.run(handOver);
  const keys = await acknowledged.stop();
  expect([await roleOf(replica.admin), await roleOf(primary.admin)]).toEqual(["master", "slave"]);
  expect(keys.length).toBeGreaterThan(10);
  expect(await replica.admin.exists(...keys)).toBe(keys.length);
  // As it is after both have started anew.
  expect(await primary.configuration()).toContain(`replicaof 127.0.0.1 ${replica.port}`);
  expect(await replica.configuration()).not.toContain("replicaof");
});

test("a primary whose replica does not take over goes on", async () => {
  const [handOver = ""] = steps("failover-hand-over", 1);
  const { primary, replica, terminal } = await startedPair();
  replica.kill("SIGSTOP");
  cleaners.push(() => replica.kill("SIGCONT"));
  const untilAborted = handOver.slice(0, handOver.indexOf("\nfor "));
  await terminal.run(untilAborted.replace("timeout 15", "timeout 1"));
  expect(await roleOf(primary.admin)).toBe("master");
  expect(await primary.admin.set("a", "1")).toBe("OK");
});

test("a replica takes the place of a dead primary, which becomes its replica when it is back", async () => {
  const [promote = "", demote = ""] = steps("failover-dead-primary", 2);
  const { primary, replica, terminal } = await startedPair();
  await primary.admin.set("a", "1");
  await primary.admin.wait(1, 5000);
  primary.kill("SIGKILL");
  await primary.exited;
  await terminal.run(promote);
  expect([await roleOf(replica.admin), await replica.admin.get("a")]).toEqual(["master", "1"]);
  expect(await replica.admin.set("b", "2")).toBe("OK");
  expect(await replica.configuration()).not.toContain("replicaof");

  await primary.startAgain();
  const returned = clientOf(primary.url);
  await returned.set("only here", "x");
  await terminal.run(demote);
  await until(
    () => returned.get("b"),
    (value) => value === "2",
    20_000,
  );
  expect([await roleOf(returned), await returned.get("only here")]).toEqual(["slave", null]);
  expect(await primary.configuration()).toContain(`replicaof 127.0.0.1 ${replica.port}`);
});

test("everything moves to another server while functions write, and nothing acknowledged is lost", async () => {
  const [follow = "", takeOver = ""] = steps("migrate", 2);
  const former = await started([], "secret");
  const next = await started([], "secret");
  const terminal = desk.terminal({
    OLD_URL: former.url,
    OLD_HOST: "127.0.0.1",
    OLD_PORT: `${former.port}`,
    NEW_URL: next.url,
    NEW_HOST: "127.0.0.1",
    NEW_PORT: `${next.port}`,
    PASSWORD: "secret",
  });
  const acknowledged = await writeOn(former.url);
  await terminal.run(follow);
  expect(await next.admin.info("replication")).toContain("master_link_status:up");
  await terminal.run(takeOver);
  const keys = await acknowledged.stop();
  expect(await roleOf(next.admin)).toBe("master");
  expect(keys.length).toBeGreaterThan(10);
  expect(await next.admin.exists(...keys)).toBe(keys.length);
  await until(
    () => former.admin.info("replication"),
    (text) => text.includes("master_link_status:up"), // it follows, with the password
    20_000,
  );
  expect(await next.configuration()).not.toContain("replicaof");
  expect(await former.configuration()).toContain(`replicaof 127.0.0.1 ${next.port}`);
  await expect(former.admin.set("late", "x")).rejects.toThrow("READONLY");
});

test("a full memory is seen, with what fills it, and writes go on when there is more", async () => {
  const [look = "", enlarge = ""] = steps("memory-full", 2);
  const { url, admin, configuration } = await started(["maxmemory 4mb"]);
  await admin.rpush("the-biggest", ...Array.from({ length: 2000 }, () => "x".repeat(100)));
  const sandbox = composeCache(url);
  cleaners.push(() => sandbox.connection.close());
  const put = async (index: number) =>
    (await sandbox.api("PUT", `/v1/cache/entries/${index}`, { body: Buffer.alloc(100_000, `${index}é`) }))
      .status;
  await admin.config("SET", "maxmemory", "1");
  expect(await put(0)).toBe(507);
  const terminal = desk.terminal({ OPERATOR_URL: url });
  const output = await terminal.run(look);
  expect(output).toMatch(/^used_memory:\d+/m);
  expect(output).toMatch(/^maxmemory:1\b/m);
  expect(output).toContain("maxmemory_policy:noeviction");
  expect(output).toMatch(/Biggest list.*the-biggest/i);
  await terminal.run(enlarge);
  expect(await put(1)).toBe(201);
  expect(await configuration()).toMatch(/^maxmemory (2gb|2147483648)$/m);
});

test("what is slow is found", async () => {
  const [look = ""] = steps("latency", 1);
  const { url, admin } = await started(["slowlog-log-slower-than 10000"]);
  await admin.set("quick", "1");
  await admin.eval("local t = redis.call('TIME') local n = 0 for i = 1, 1e7 do n = n + i end return n", 0);
  const output = await desk.terminal({ OPERATOR_URL: url }).run(look);
  expect(output).toContain("local n = 0 for i = 1, 1e7");
  const [slowest = ""] = output.match(/^cmdstat_.*/gm) ?? [];
  expect(slowest).toContain("cmdstat_eval");
  expect(output).toMatch(/instantaneous_ops_per_sec:\d+/);
});

/** Writes one key after another until it is told to stop, and then gives those that were acknowledged. */
async function writeOn(url: string) {
  const client = clientOf(url);
  const acknowledged: string[] = [];
  let isAsked = false;
  const work = (async () => {
    for (let index = 0; !isAsked; index++) {
      const key = `written-${index}`;
      const isWritten = await client.set(key, "x").then(
        () => true,
        () => false,
      );
      if (isWritten) acknowledged.push(key);
      await sleep(2);
    }
  })();
  await until(
    async () => acknowledged.length,
    (count) => count > 10,
  );
  return {
    async stop() {
      isAsked = true;
      await work;
      return acknowledged;
    },
  };
}
