import type { Connection } from "../redis/connection.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";
import { likeKeys } from "../redis/keys.ts";
import { SHARDS } from "./places.ts";
import { HALF_LIVES_MS, type Window } from "./windows.ts";

/** What is less is not worth a line. */
const LEAST = 0.01;
/** So many each part of the slots tells at least, so that what is spread over several is found in them. */
const TOLD = 100;

export interface Trend {
  readonly subject: string;
  /** How many likes of this moment it is worth. */
  readonly score: number;
}

export function createTrending(connection: Connection) {
  /**
   * The subjects that are liked most of late: a like weighs half after each hour, day or week, by the window. Each part of the
   * slots tells its best hundred, and what several tell of a subject with partitions is added: a partition that is not among
   * them is missing from its score. Otherwise no score is too low, and none is too high by more than a thousandth of all
   * likes of a part, those that were taken back included; nor does a subject that weighs more than that lose its place. That
   * is so for a window that was kept all along: others are wrong for some half-lives. One round trip, O(shards · (log n +
   * limit)). Since when a like has lost weight is by the clock of the function.
   */
  return async function trending(
    tenant: string,
    { window, limit }: { readonly window: Window; readonly limit: number },
  ): Promise<Trend[]> {
    const calls = Array.from({ length: SHARDS }, (_, shard): Call => {
      const key = likeKeys.shard(tenant, shard).trending(window);
      return (redis) => redis.zrevrange(key, 0, Math.max(limit, TOLD) - 1, "WITHSCORES");
    });
    const replies = await connection.run((redis) => fanOut(redis, calls), { idempotent: true });
    const now = Date.now() / HALF_LIVES_MS[window];
    const scores = new Map<string, number>();
    for (const rows of replies as string[][]) {
      for (let index = 0; index < rows.length; index += 2) {
        const [subject = "", power] = rows.slice(index, index + 2);
        scores.set(subject, (scores.get(subject) ?? 0) + 2 ** (Number(power) - now));
      }
    }
    scores.delete(""); // what those may have weighed who had to go
    return [...scores]
      .filter(([, score]) => score >= LEAST)
      .sort(([a, more], [b, less]) => less - more || (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([subject, score]) => ({ subject, score: Math.round(score * 1000) / 1000 }));
  };
}
