import { randomBytes, randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import type { Redis, Result } from "ioredis";
import { bareClient, compare, type Rounds } from "./compare.ts";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { report } from "./sandbox.ts";

declare module "ioredis" {
  interface RedisCommander<Context> {
    compareAndDelete(key: string, value: string): Result<number, Context>;
  }
}

type Library = typeof import("../../lib/locks/locks.ts") &
  typeof import("../../lib/locks/fields.ts") &
  typeof import("../../lib/locks/scripts.ts") &
  typeof import("../../lib/redis/connect.ts") &
  typeof import("../../lib/config.ts");

const TTL_MS = 30_000;
const PER_BLOCK = 40;

const library: Library = await import(pathToFileURL(process.env.LIBRARY ?? "").href);
const config = library.readConfig();
const connection = library.connect(config, {
  log: () => ({ info() {}, warn() {} }),
  scripts: library.lockScripts,
});
const locks = library.createLocks(connection, config.locks);
const name = { group: "bench", rest: "" };
const tenant = `bench-${randomUUID()}`;
const bearer = await mintToken(tenant);
const handler = await loadHandler();
const redis = (await bareClient()) as Redis;
redis.defineCommand("compareAndDelete", {
  numberOfKeys: 1,
  lua: "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0",
});

const acquire = eventFor("POST", "/v1/locks/bench", {
  body: JSON.stringify({ ttlSeconds: TTL_MS / 1000 }),
  headers: { "content-type": "application/json" },
  token: bearer,
});

async function take(): Promise<void> {
  const found = await locks.acquire(tenant, { names: [name], exclusive: true, ttlMs: TTL_MS });
  if (found.state !== "granted") throw new Error(found.state);
  await locks.release(tenant, name, library.readToken(found.token));
}

async function takeOverHttp(): Promise<void> {
  const { body = "" } = await call(handler, acquire, 201);
  const headers = { "lock-token": JSON.parse(body).token };
  await call(handler, eventFor("DELETE", "/v1/locks/bench", { headers, token: bearer }), 204);
}

async function takePlainly(): Promise<void> {
  const token = randomBytes(32).toString("base64url");
  if ((await redis.set("bench-lock", token, "PX", TTL_MS, "NX")) !== "OK") throw new Error("It is held");
  await redis.compareAndDelete("bench-lock", token);
}

const rounds: Rounds = {
  "lock and unlock : SET NX PX, then compare and delete": await compare(take, takePlainly, PER_BLOCK),
  "lock and unlock through the handler : the same": await compare(takeOverHttp, takePlainly, PER_BLOCK),
};
report(rounds);
