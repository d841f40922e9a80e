import type { Cluster, Redis } from "ioredis";
import { neighbour, periodAt, type Window } from "../../lib/leaderboards/periods.ts";

/** Makes past periods of a board: copies of its present ones. Gives their ids. */
export async function makePast(
  redis: Redis | Cluster,
  keys: readonly string[],
  window: Window,
  counts: readonly number[],
  timeZone = "UTC",
): Promise<string[]> {
  const present = periodAt(window, timeZone, Date.now());
  const pasts = counts.map((count) => neighbour(present, timeZone, -count).id);
  for (const key of keys.filter((key) => key.includes(`:${present.id}-`))) {
    const pipeline = redis.pipeline(); // of one slot
    for (const id of pasts) pipeline.copy(key, key.replace(present.id, id));
    await pipeline.exec();
  }
  return pasts;
}
