import type { Config } from "../config.ts";
import type { Connection, Run } from "../redis/connection.ts";
import type { Call } from "../redis/fan-out.ts";
import { likeKeys } from "../redis/keys.ts";
import { type Kind, kindOf } from "./kinds.ts";
import { type Place, partitionOf } from "./places.ts";
import type { TallyReply } from "./scripts.ts";
import { type Given, givenOf, type Tally } from "./tallies.ts";
import type { Visit, VisitAll } from "./visits.ts";

/** Something that a user likes. */
export interface Liked {
  readonly subject: string;
  readonly reaction: Given;
  readonly claps?: number;
  /** Since when, in milliseconds. */
  readonly at: number;
}

/**
 * The lists of what users like. The subjects know the truth; a list has all that is true, and perhaps more. A like is noted
 * in the round trip in which it happens, maybe a moment before or after. Only what its subject has denied is taken off, and
 * not while another like of the user may be under way: each part of a call has run, or never will, by its deadline.
 */
export function createLists(
  connection: Connection,
  { kinds, maxPerUser }: Pick<Config["likes"], "kinds" | "maxPerUser">,
  visitAll: VisitAll,
  look: (place: Place, kind: Kind, user: string) => Visit<Tally, TallyReply>,
) {
  const keysOf = (tenant: string, user: string) =>
    [likeKeys.liked(tenant, user), likeKeys.recent(tenant, user)] as const;
  // Whoever forgets has asked up to a deadline ago, when a like had perhaps been noted for another.
  const underWayMs = 3 * connection.deadlineMs;

  /** For the round trip of a like. */
  function note(tenant: string, user: string, subject: string): Call {
    const keys = keysOf(tenant, user);
    return (redis) => redis.likeNote(...keys, subject, underWayMs, maxPerUser);
  }

  /** Takes off what its subjects have denied, if nothing is under way. */
  async function forget(run: Run, tenant: string, user: string, subjects: readonly string[]): Promise<void> {
    const keys = keysOf(tenant, user);
    await run((redis) => redis.likeForget(...keys, underWayMs, ...subjects), { idempotent: true });
  }

  /**
   * A page of what a user likes, newest first: of their last so many likes, as is set. It may be shorter than was asked, with
   * more behind it: what the list has and its subject denies is left out. Undefined for a cursor of nobody. Two round trips,
   * O(limit · log n), one more for partitions that were not known, and one to forget what was denied.
   */
  async function liked(
    tenant: string,
    user: string,
    { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<{ readonly likes: readonly Liked[]; readonly last: string | undefined } | undefined> {
    if (after !== undefined && !/^\d{1,16}$/.test(after)) return undefined;
    const run = connection.begin();
    const [list] = keysOf(tenant, user);
    const from = after === undefined ? "+inf" : `(${after}`;
    const found = await run(
      (redis) => redis.zrevrangebyscore(list, from, "-inf", "WITHSCORES", "LIMIT", 0, limit + 1),
      { idempotent: true },
    );
    const rows = found.flatMap((subject, at) => (at % 2 === 0 ? { subject, score: found[at + 1] } : []));
    const shown = rows.slice(0, limit);
    const told = await visitAll(
      run,
      shown.map(({ subject }) => mine(look({ tenant, subject }, kindOf(kinds, subject), user), user)),
    );
    const likes = shown.map(({ subject }, at) => {
      const member = told[at]?.find(({ at }) => at !== undefined);
      if (member?.at === undefined || told[at]?.some(({ estimate }) => estimate !== undefined))
        return undefined;
      return {
        subject,
        ...givenOf(kindOf(kinds, subject), member.given),
        at: Math.floor(member.at / 1000),
      };
    });
    const denied = shown.flatMap(({ subject }, at) => (likes[at] ? [] : [subject]));
    if (denied.length > 0) await forget(run, tenant, user, denied);
    return {
      likes: likes.filter((like) => like !== undefined),
      last: rows.length > limit ? shown.at(-1)?.score : undefined,
    };
  }

  return { note, forget, liked };
}

/** A look at nothing but what the user gave. */
function mine<T extends Visit<Tally, TallyReply>>(visit: T, user: string): T {
  return {
    ...visit,
    call: (partition, partitions, so) =>
      partition === 0 || partition === partitionOf(user, partitions)
        ? visit.call(partition, partitions, so)
        : undefined,
  };
}
