import type { Config } from "../config.ts";
import type { Connection } from "../redis/connection.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";
import { likeKeys } from "../redis/keys.ts";
import { type Kind, kindOf } from "./kinds.ts";
import { mayHold, type Place, SHARDS } from "./places.ts";
import { countFor, type Position, pageOf, readPosition } from "./positions.ts";
import type { TallyReply } from "./scripts.ts";
import { type Gave, gaveOf, type Tally } from "./tallies.ts";
import type { Visit, VisitAll } from "./visits.ts";

/** Something that a user likes. */
export interface Liked extends Gave {
  readonly subject: string;
  /** Since when, in milliseconds. */
  readonly at: number;
}

/**
 * How many each part of a user's list keeps. The parts of so many likes are uneven: four standard deviations more than
 * their mean hold the last of them in nearly every case.
 */
export function listedOf(maxPerUser: number): number {
  const mean = maxPerUser / SHARDS;
  return Math.ceil(mean + 4 * Math.sqrt(mean));
}

export function createLists(
  connection: Connection,
  { kinds }: Pick<Config["likes"], "kinds">,
  visitAll: VisitAll,
  look: (place: Place, kind: Kind, user: string) => Visit<Tally, TallyReply>,
) {
  /**
   * A page of what a user likes, newest first: of their last so many likes, as is set, and a few more. What they like no more by the
   * time that its subject is asked is left out. Or `cursor` for one of nobody. Two round trips, O(shards · (log n +
   * limit)), and one more for partitions that were not known.
   */
  return async function liked(
    tenant: string,
    user: string,
    { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<{ readonly likes: readonly Liked[]; readonly last: string | undefined } | "cursor"> {
    const position = after === undefined ? undefined : readPosition(after);
    if (after !== undefined && !position) return "cursor";
    const run = connection.begin();
    const calls = Array.from({ length: SHARDS }, (_, shard): Call => {
      const key = likeKeys.shard(tenant, shard).liked(user);
      const from = position?.at ?? "+inf";
      return (redis) => redis.zrevrangebyscore(key, from, "-inf", "WITHSCORES", "LIMIT", 0, countFor(limit));
    });
    const replies = await run((redis) => fanOut(redis, calls), { idempotent: true });
    const { shown, last } = pageOf((replies as string[][]).flatMap(readRows), position, limit);
    const told = await visitAll(
      run,
      shown.map(({ name }) => mine(look({ tenant, subject: name }, kindOf(kinds, name), user), user)),
    );
    const likes = shown.flatMap(({ name }, at) => {
      const member = told[at]?.find(({ at }) => at !== undefined);
      if (member?.at === undefined) return [];
      return [
        { subject: name, ...gaveOf(kindOf(kinds, name), member.given), at: Math.floor(member.at / 1000) },
      ];
    });
    return { likes, last };
  };
}

function readRows(reply: readonly string[]): Position[] {
  return reply.flatMap((name, at) => (at % 2 === 0 ? { name, at: Number(reply[at + 1]) } : []));
}

/** A look at nothing but what the user gave. */
function mine<T extends Visit<Tally, TallyReply>>(visit: T, user: string): T {
  return {
    ...visit,
    ask: (partition, partitions, first) =>
      mayHold(partition, user, partitions) ? visit.ask(partition, partitions, first) : undefined,
  };
}
