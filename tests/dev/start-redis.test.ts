import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterEach, expect, test, vi } from "vitest";
import { freePort } from "../../dev/free-port.ts";
import { ping } from "../../dev/redis/ping.ts";
import { type RedisOptions, type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options?: RedisOptions): Promise<RunningRedis> {
  const redis = await startRedis(options);
  cleanups.push(redis.stop);
  return redis;
}

function connect(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => null });
  cleanups.push(async () => client.disconnect());
  return client;
}

async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "redigate redis-"));
  cleanups.push(() => rm(dir, { recursive: true }));
  return dir;
}

test("servers start on ports of their own and end when they are stopped", async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.port).not.toBe(two.port);
  await one.stop();
  await one.stop();
  await one.exited;
  await expect(ping(one.url)).rejects.toThrow("ECONNREFUSED");
  await ping(two.url);
});

test("the password is required and may hold any character", async () => {
  const redis = await start({ password: 'p@ss "w/ör:d\\' });
  await expect(connect(redis.url).set("a", "1")).resolves.toBe("OK");
  await expect(ping(`redis://127.0.0.1:${redis.port}`)).rejects.toThrow("NOAUTH");
  await expect(ping(`redis://:wrong@127.0.0.1:${redis.port}`)).rejects.toThrow("WRONGPASS");
});

test("only this machine can reach the server", async () => {
  const redis = await start();
  const others = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  for (const { address, family } of others.filter(({ internal }) => !internal)) {
    const host = family === "IPv6" ? `[${address}]` : address;
    await expect(ping(`redis://${host}:${redis.port}`)).rejects.toThrow();
  }
  const [, bound] = (await connect(redis.url).config("GET", "bind")) as string[];
  expect(bound).toBe("127.0.0.1");
});

test("data outlives a restart and a kill -9 with an append-only file", async () => {
  const dir = await temporaryDir();
  const first = await start({ dir, appendOnly: true });
  await connect(first.url).set("kept", "1");
  await first.stop();

  const second = await start({ dir, appendOnly: true, port: first.port });
  expect(second.port).toBe(first.port);
  await connect(second.url).incr("kept");
  second.kill("SIGKILL");
  await second.exited;

  const third = await start({ dir, appendOnly: true, port: first.port });
  await expect(connect(third.url).get("kept")).resolves.toBe("2");
});

test("further configuration is passed on, and a wrong line is reported", async () => {
  const redis = await start({ config: ["maxmemory 5mb"] });
  await expect(connect(redis.url).config("GET", "maxmemory")).resolves.toEqual(["maxmemory", "5242880"]);
  await expect(startRedis({ config: ["no-such-setting 1"] })).rejects.toThrow("no-such-setting");
});

test("a server without a folder begins empty, whatever a replica at its port was sent before", async () => {
  const primary = await start({ config: ["repl-diskless-sync-delay 0"] });
  await connect(primary.url).set("sent", "x");
  const replica = await start({ config: [`replicaof 127.0.0.1 ${primary.port}`] });
  await vi.waitFor(async () => expect(await connect(replica.url).get("sent")).toBe("x"), 20_000);
  await replica.stop();
  const next = await start({ port: replica.port });
  expect(await connect(next.url).dbsize()).toBe(0);
});

test("a port in use is reported and the server that has it is left alone", async () => {
  const redis = await start();
  await expect(startRedis({ port: redis.port })).rejects.toThrow("Address already in use");
  await ping(redis.url);
});

test("a server that hangs is still stopped", async () => {
  const redis = await start();
  redis.kill("SIGSTOP");
  await redis.stop();
  await redis.exited;
});

test("a server ends with the process that started it, even if that is killed", async () => {
  const module = JSON.stringify(new URL("../../dev/redis/start-redis.ts", import.meta.url).href);
  const script = `const { startRedis } = await import(${module}); console.log((await startRedis()).port);`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", script]);
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const port = Number(line);
  await ping(`redis://127.0.0.1:${port}`);
  parent.kill("SIGKILL");
  await vi.waitFor(async () => expect(await freePort(port)).toBe(port), 5000);
});
