import { bareClient, keysOf } from "../provided-redis.ts";

/** What a tenant has in Redis, seen past the API. */
export function createStored(tenant: string) {
  const redis = bareClient();

  /** Who is in each partition of a subject that has anybody. */
  async function partitions(subject: string): Promise<string[][]> {
    const keys = await keysOf(redis, `${tenant}:likes:*:${encodeURIComponent(subject)}/members`);
    return Promise.all(keys.map((key) => redis.zrange(key, "0", "-1")));
  }

  return { redis, partitions };
}
