import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RedisOptions, type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import type { Answer, CallOptions } from "../api.ts";
import { type CompositionOptions, composeOps } from "../composition.ts";
import { mintToken } from "../token.ts";

/** The function, asked by somebody who was given the scopes by name. */
export function operate(redisUrl: string, options: CompositionOptions = {}) {
  const composition = composeOps(redisUrl, { tenant: "operator", ...options });
  const token = (scope: string) => mintToken({ tenant: "operator", scope });
  return {
    ...composition,
    async get(path: string, query?: Record<string, string>): Promise<Answer> {
      return composition.api("GET", `/v1/ops/${path}`, {
        token: await token("ops:read"),
        ...(query && { query }),
      });
    },
    async post(path: string, body: object, { headers = {} }: CallOptions = {}): Promise<Answer> {
      return composition.api("POST", `/v1/ops/${path}`, { token: await token("ops:write"), headers, body });
    },
  };
}

/** The same, of a cache that ElastiCache keeps, which may take its three seconds: they are not in Redis' deadline. */
export function operateManaged(redisUrl: string, { deadlineMs = 2000 } = {}) {
  const environment = { ELASTICACHE_ID: "orders", REDIS_DEADLINE_MS: String(deadlineMs) };
  return operate(redisUrl, { environment });
}

/** A server with nothing in it: no test's keys, and no file that another server left behind. */
export async function startEmpty(options: RedisOptions = {}): Promise<RunningRedis> {
  const dir = await mkdtemp(join(tmpdir(), "redigate-ops-"));
  const redis = await startRedis({ dir, ...options });
  return {
    ...redis,
    async stop() {
      await redis.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
