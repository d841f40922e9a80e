import { randomBytes } from "node:crypto";
import type { Cluster, Redis } from "ioredis";
import { startRedis } from "../../dev/redis/start-redis.ts";

/** A server that evicts nothing: once it is full it refuses whatever takes memory. */
export const startUnevicting = () => startRedis({ config: ["maxmemory-policy noeviction"] });

/** Leaves no room, with something in it beside what the test has written. */
export async function fillUp(admin: Redis | Cluster): Promise<void> {
  await admin.set("filler", randomBytes(100_000));
  await admin.config("SET", "maxmemory", "1");
}
