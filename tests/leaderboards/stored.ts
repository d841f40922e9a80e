import { Redis } from "ioredis";
import { bareClient, keysOf } from "../provided-redis.ts";

/** What a tenant has in Redis, seen past the API: in that of this run, or in one of the test's own. */
export function createStored(tenant: string, ownUrl?: string) {
  const redis = ownUrl === undefined ? bareClient() : new Redis(ownUrl);

  /** The keys of a tenant, or of one board. */
  async function keys(board?: string): Promise<string[]> {
    const id = board === undefined ? "" : `{${encodeURIComponent(`${board}/`)}*`;
    return (await keysOf(redis, `${tenant}:leaderboards:${id}*`)).sort();
  }

  /** Every key with its value; outcomes only live to be asked for again. */
  async function everything(board?: string): Promise<Record<string, unknown>> {
    const kept = (await keys(board)).filter((key) => !key.includes(":outcome-"));
    const values = await Promise.all(kept.map((key) => redis.dumpBuffer(key)));
    return Object.fromEntries(kept.map((key, at) => [key, values[at]?.toString("base64")]));
  }

  return { redis, keys, everything };
}
