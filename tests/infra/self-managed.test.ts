import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findEngine } from "../../dev/redis/find-engine.ts";
import { launch, onFreePort, type RunningServer } from "../../dev/redis/launch.ts";
import { composeCache } from "../composition.ts";
import { createMachine, type Machine } from "./machine.ts";

const PASSWORDS = { functions: "of the functions", ops: "of ops" };
/** Not the loopback, which protected mode would let in without any password. */
const address =
  Object.values(networkInterfaces())
    .flat()
    .find((found) => found?.family === "IPv4" && !found.internal)?.address ?? "127.0.0.1";

let dir: string;
let port = 0;
let machine: Machine;
let firstStart: string[];
let server: RunningServer;

/** Runs what the machine runs at its start, and then, with the engine of this machine, what that has written. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redigate-self-managed-"));
  machine = await createMachine(dir, address, PASSWORDS);
  firstStart = await machine.start();
  const engine = await findEngine();
  server = await onFreePort((free) => {
    port = free;
    return launch(engine, {
      port: free,
      words: [machine.path("etc/valkey/valkey.conf"), "--tls-port", String(free)],
      readyWords: "Ready to accept connections",
      check: async () => {},
    });
  });
});

afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true });
});

async function as<T>(
  username: "functions" | "ops" | "default",
  password: string,
  use: (redis: Redis) => Promise<T>,
) {
  const redis = new Redis({
    ...{ host: address, port, username, password, tls: { rejectUnauthorized: false } },
    ...{ lazyConnect: true, enableReadyCheck: false, retryStrategy: null, maxRetriesPerRequest: 0 },
  });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

describe("the machine's start", () => {
  test("is a script that a shell takes", () => {
    expect(machine.script).toMatch(/^#!\/bin\/bash\n/);
    execFileSync("bash", ["-n"], { input: machine.script });
  });

  test("installs, patches, and serves once its volume is there and everything is written", async () => {
    expect(firstStart.map((line) => line.replace(`${dir}/`, "/"))).toEqual([
      "dnf install -y valkey",
      "systemctl stop valkey",
      "systemctl disable valkey",
      "systemctl daemon-reload",
      "dnf upgrade -y --releasever=latest",
      "mkfs.xfs /dev/sdf",
      expect.stringMatching(/^mount \/dev\/sdf .*\/var\/lib\/valkey$/),
      "xfs_growfs /var/lib/valkey",
      "chown valkey:valkey /var/lib/valkey",
      "openssl",
      "chown -R valkey:valkey /etc/valkey",
      "sysctl -q vm.overcommit_memory=1",
      "systemctl start valkey",
    ]);
    const restart = await readFile(machine.path("etc/systemd/system/valkey.service.d/restart.conf"), "utf8");
    expect(restart).toContain("[Service]\nRestart=always\n");
  });

  test("fills in everything, and writes down no password", async () => {
    const files = ["valkey.conf", "users.acl"].map((name) =>
      readFile(machine.path(`etc/valkey/${name}`), "utf8"),
    );
    const written = (await Promise.all(files)).join("\n");
    expect(written).not.toMatch(/@[A-Z]+@/);
    for (const password of Object.values(PASSWORDS)) expect(written).not.toContain(password);
  });

  test("leaves the volume and the certificate as they are the next time", async () => {
    const again = await machine.start();
    expect(again).toContain("dnf upgrade -y --releasever=latest");
    for (const command of ["dnf install", "mkfs.xfs", "openssl"])
      expect(again.filter((line) => line.startsWith(command))).toEqual([]);
    expect(again.at(-1)).toBe("systemctl start valkey");
  });

  test("waits for its volume, and starts without the patches if there is no way to them", async () => {
    await rm(machine.path("dev/sdf"));
    await writeFile(machine.path("away"), "");
    const waited = await machine.start();
    const [upgrade, sleep, mount] = ["dnf upgrade", "sleep", "mount"].map((command) =>
      waited.findIndex((line) => line.startsWith(command)),
    );
    expect([upgrade, sleep, mount].toSorted((one = -1, other = -1) => one - other)).toEqual([
      upgrade,
      sleep,
      mount,
    ]);
    expect(waited.at(-1)).toBe("systemctl start valkey");
  });

  test("makes the certificate again if it was interrupted before it had it", async () => {
    await rm(machine.path("etc/valkey/tls/certificate.pem"));
    expect(await machine.start()).toContain("openssl");
  });
});

describe("the machine's Redis", () => {
  test("answers nobody without TLS and a password", async () => {
    const plain = new Redis({
      host: address,
      port,
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
    });
    plain.on("error", () => {});
    await expect(plain.connect()).rejects.toThrow();
    plain.disconnect();
    const ping = (redis: Redis) => redis.ping();
    await expect(as("default", "", ping)).rejects.toThrow();
    await expect(as("functions", "guessed", ping)).rejects.toThrow(/WRONGPASS|Connection is closed/);
    await expect(as("functions", PASSWORDS.functions, ping)).resolves.toBe("PONG");
    await expect(as("ops", PASSWORDS.ops, ping)).resolves.toBe("PONG");
  });

  test.each([
    ...[
      "CONFIG SET maxmemory 1gb",
      "CONFIG REWRITE",
      "FLUSHALL",
      "FLUSHDB",
      "KEYS *",
      "SHUTDOWN",
      "DEBUG SLEEP 0",
      "SAVE",
    ],
    ...[
      "ACL LIST",
      "ACL SETUSER x on",
      "BGREWRITEAOF",
      "FAILOVER",
      "MONITOR",
      "REPLICAOF NO ONE",
      "MODULE LIST",
      "SCRIPT FLUSH",
      "MIGRATE h 1 k 0 1",
    ],
  ])("refuses %s, whoever asks", async (command) => {
    const [name = "", ...words] = command.split(" ");
    for (const user of ["functions", "ops"] as const) {
      const asked = as(user, PASSWORDS[user], (redis) => redis.call(name, ...words));
      await expect(asked, user).rejects.toThrow(/NOPERM|DEBUG command not allowed/);
    }
  });

  test("tells ops how it is, and functions not", async () => {
    const told = await as("ops", PASSWORDS.ops, async (redis) => [
      await redis.info("memory"),
      await redis.config("GET", "maxmemory-policy"),
      await redis.config("GET", "protected-mode"),
      await redis.config("GET", "bind"),
      await redis.config("GET", "port"),
      await redis.config("GET", "appendonly"),
      await redis.config("GET", "save"),
      await redis.slowlog("GET", 1),
    ]);
    expect(told[0]).toContain("maxmemory:104857600");
    expect(told.slice(1)).toEqual([
      ["maxmemory-policy", "volatile-lru"],
      ["protected-mode", "yes"],
      ["bind", address],
      ["port", "0"],
      ["appendonly", "yes"],
      ["save", "3600 1 300 100 60 10000"],
      expect.any(Array),
    ]);
    await expect(as("functions", PASSWORDS.functions, (redis) => redis.info())).rejects.toThrow("NOPERM");
  });

  test("lets both find their way in a cluster, where the rules are those of ElastiCache's users", async () => {
    for (const user of ["functions", "ops"] as const)
      await as(user, PASSWORDS[user], async (redis) => {
        // Past the rules, a server that is no cluster says so.
        await expect(redis.cluster("SLOTS")).rejects.toThrow("cluster support disabled");
        await expect(redis.readonly()).rejects.toThrow("cluster support disabled");
      });
  });

  test("serves the functions, and writes what it acknowledged to its disk", async () => {
    const { api, connection } = composeCache(
      `rediss://functions:${encodeURIComponent(PASSWORDS.functions)}@${address}:${port}`,
      {
        environment: { REDIS_TLS_VERIFY: "false", REDIS_MODE: "", REDIS_TLS_CA: "" },
      },
    );
    const headers = { "content-type": "text/plain", "cache-control": "max-age=60" };
    expect(await api("PUT", "/v1/cache/entries/kept", { headers, body: "on disk" })).toMatchObject({
      status: 201,
    });
    expect(await api("GET", "/v1/cache/entries/kept")).toMatchObject({ status: 200, text: "on disk" });
    await connection.close();
    const written = await readdir(machine.path("var/lib/valkey/appendonlydir"));
    expect(written.some((name) => name.endsWith(".aof"))).toBe(true);
    const persistence = await as("ops", PASSWORDS.ops, (redis) => redis.info("persistence"));
    expect(persistence).toContain("aof_enabled:1");
    expect(persistence).toContain("aof_last_write_status:ok");
  });
});
