import { Redis } from "ioredis";
import { inject } from "vitest";

/** What a tenant has in Redis, seen past the API. */
export function createStored(tenant: string, redisUrl = inject("redisUrl")) {
  const redis = new Redis(redisUrl);

  /** The keys of a tenant, or of one board. */
  async function keys(board?: string): Promise<string[]> {
    const found: string[] = [];
    const id = board === undefined ? "" : `{${encodeURIComponent(`${board}/`)}*`;
    for await (const some of redis.scanStream({ match: `${tenant}:leaderboards:${id}*`, count: 1000 }))
      found.push(...some);
    return [...new Set(found)].sort();
  }

  /** Every key with its value; outcomes only live to be asked for again. */
  async function everything(board?: string): Promise<Record<string, unknown>> {
    const kept = (await keys(board)).filter((key) => !key.includes(":outcome-"));
    const values = await Promise.all(kept.map((key) => redis.dumpBuffer(key)));
    return Object.fromEntries(kept.map((key, at) => [key, values[at]?.toString("base64")]));
  }

  return { redis, keys, everything };
}
