import { randomBytes, randomUUID } from "node:crypto";
import type { Redis, Result } from "ioredis";
import { bareClient, compare, type Rounds } from "./compare.ts";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { report } from "./sandbox.ts";

declare module "ioredis" {
  interface RedisCommander<Context> {
    compareAndDelete(key: string, value: string): Result<number, Context>;
  }
}

const TTL_MS = 30_000;

const bearer = await mintToken(`bench-${randomUUID()}`);
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

const rounds: Rounds = {
  "lock and unlock : SET NX PX, then compare and delete": await compare(
    async () => {
      const { body = "" } = await call(handler, acquire, 201);
      const headers = { "lock-token": JSON.parse(body).token };
      await call(handler, eventFor("DELETE", "/v1/locks/bench", { headers, token: bearer }), 204);
    },
    async () => {
      const token = randomBytes(32).toString("base64url");
      if ((await redis.set("bench-lock", token, "PX", TTL_MS, "NX")) !== "OK") throw new Error("It is held");
      await redis.compareAndDelete("bench-lock", token);
    },
    40,
  ),
};
report(rounds);
