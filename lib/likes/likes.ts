import type { Config } from "../config.ts";
import type { Connection } from "../redis/connection.ts";
import { isEstimable, type Kind, kindOf } from "./kinds.ts";
import { createLists, listedOf } from "./lists.ts";
import { createMembers } from "./members.ts";
import { keysOf, mayHold, type Place, partitionOf } from "./places.ts";
import type { Question } from "./questions.ts";
import type { TallyReply } from "./scripts.ts";
import { firstOf, type Known, namesOf, readTally, sum, type Tally } from "./tallies.ts";
import { createTrending } from "./trending.ts";
import { createVisits, type Visit } from "./visits.ts";
import { HALF_LIVES_MS } from "./windows.ts";

/** How many members one call lets go into an estimate. */
const LET_GO = 500;

/** What a user gives: a reaction or a number of claps; undefined for what most give, or what they gave before. */
export type Gift = string | number | undefined;

export type Likes = ReturnType<typeof createLikes>;

/**
 * Likes of many tenants. Who likes a subject, how many, what a user likes and what is trending is written at one moment, by
 * one script in one slot. Every operation is safe to repeat after a lost reply. Each takes one round trip, and another for a
 * subject with partitions where it says so. Rejects with `RedisUnavailable` or `OutOfMemory`.
 */
export function createLikes(connection: Connection, settings: Config["likes"]) {
  const visitAll = createVisits();
  const rememberMs = 2 * connection.deadlineMs;
  const listed = listedOf(settings.maxPerUser);
  const halfLives = settings.trending.map((window) => HALF_LIVES_MS[window] * 1000);
  const windows = halfLives.length;

  /** A look at all partitions of a subject, and at what a user gave. */
  function look(place: Place, kind: Kind, user = ""): Visit<Tally, TallyReply> {
    const names = namesOf(kind);
    return {
      place,
      read: readTally,
      ask(partition) {
        const { members, given, counts } = keysOf(place, partition);
        return (redis) => redis.likeLook(members, given, counts, user, ...names);
      },
    };
  }

  /** What `ask` says for the partitions in which a user may be, and a look at the others. */
  function change(
    place: Place,
    user: string,
    kind: Kind,
    ask: (partition: number, first: Tally | undefined) => Question | undefined,
  ): Visit<Tally, TallyReply> {
    const others = look(place, kind);
    return {
      ...others,
      ask(partition, partitions, first) {
        const mine = mayHold(partition, user, partitions) ? ask(partition, first) : undefined;
        return mine ?? others.ask(partition, partitions, first);
      },
    };
  }

  /**
   * Makes a user like a subject; the same again changes nothing. O(log n). Two round trips for who is not in the first of
   * several partitions, or where these were not known.
   */
  async function like(tenant: string, subject: string, user: string, gift: Gift): Promise<Known> {
    const place = { tenant, subject };
    const kind = kindOf(settings.kinds, subject);
    const adds = change(place, user, kind, (partition, first) => {
      const { members, given, counts, estimate, touched, liked, trending } = keysOf(place, partition);
      const trends = settings.trending.map(trending);
      if (isEstimable(kind)) {
        const keys = [members, estimate, counts, touched(user), ...trends];
        const args = [kind.promoteAt ?? 0, LET_GO, windows, ...halfLives];
        return (redis, again) =>
          redis.likeEstimate(keys.length, ...keys, user, subject, Number(again), ...args);
      }
      // Nobody may be added elsewhere before the first partition has said that they are not in it.
      if (partition > 0 && first?.found !== "elsewhere") return undefined;
      const keys = [members, given, counts, touched(user), liked(user), ...trends];
      const limits = partition === 0 ? [settings.partitionMembers, settings.partitions] : [0, 0];
      const names = namesOf(kind);
      const rules = names.length > 0 ? [modeOf(kind), firstOf(kind), gift ?? "", ...names] : [];
      const args = [...limits, rememberMs, listed, windows, ...halfLives, ...rules];
      return (redis, again) => redis.likeAdd(keys.length, ...keys, user, subject, Number(again), ...args);
    });
    const then = ({ found, partitions }: Tally) =>
      found === "elsewhere" ? partitionOf(user, partitions) : undefined;
    const [tallies = []] = await visitAll(connection.begin(), [{ ...adds, then }]);
    return sum(kind, tallies, true);
  }

  /**
   * Takes a reaction back, or all that a user gave; the same whether it was there or not. O(log n). Where only a count is
   * known nothing changes, and the answer is approximate.
   */
  async function unlike(tenant: string, subject: string, user: string, reaction = ""): Promise<Known> {
    const place = { tenant, subject };
    const kind = kindOf(settings.kinds, subject);
    const taken = kind.reactions.length === 1 ? "" : reaction;
    const takes = change(place, user, kind, (partition, first) => {
      const { members, given, counts, touched, liked, trending } = keysOf(place, partition);
      const keys = [members, given, counts, touched(user), liked(user), ...settings.trending.map(trending)];
      const args = [rememberMs, taken, firstOf(kind), windows, ...halfLives, ...namesOf(kind)];
      // If it took them out of the first, whom it finds in another has come back since.
      const hasRun = first?.found === "gone";
      return (redis, again) =>
        redis.likeTake(keys.length, ...keys, user, subject, Number(again || hasRun), ...args);
    });
    const [tallies = []] = await visitAll(connection.begin(), [takes]);
    return sum(kind, tallies, true);
  }

  /** What is known of subjects, in their order, and what a user gave, if one is named. O(log n) each. */
  async function getAll(tenant: string, subjects: readonly string[], user?: string): Promise<Known[]> {
    const kinds = subjects.map((subject) => kindOf(settings.kinds, subject));
    const visits = subjects.map((subject, at) => look({ tenant, subject }, kinds[at] as Kind, user));
    const told = await visitAll(connection.begin(), visits);
    return told.map((tallies, at) => sum(kinds[at] as Kind, tallies, user !== undefined));
  }

  return {
    like,
    unlike,
    getAll,
    members: createMembers(connection, settings, visitAll),
    liked: createLists(connection, settings, visitAll, look),
    trending: createTrending(connection),
  };
}

function modeOf({ several, claps }: Kind): "one" | "several" | "claps" {
  if (claps !== undefined) return "claps";
  return several ? "several" : "one";
}
