import type { Id } from "../opaque-token.ts";

/** All that have keys. */
const FEATURES = ["cache", "sessions", "tokens", "leaderboards", "likes", "locks", "ops", "sentry"] as const;
type Feature = (typeof FEATURES)[number];

const OURS = new RegExp(`^(?:[\\w-]{1,64}|\\.service):(${FEATURES.join("|")}):\\{[^{}:]*\\}:[^:]+$`);

/**
 * Every key of redigate: `<tenant>:<feature>:{<id>}:<part>`.
 *
 * | key | type | holds | lives |
 * | --- | --- | --- | --- |
 * | `<tenant>:cache:{<key>}:entry` | hash `head`, `body` | one cached value | freshness plus stale windows |
 * | `<tenant>:cache:{<key>}:lease` | string | who fills the entry | the lease |
 * | `<tenant>:cache:{<key>}:put-<version>` | string | outcome of one put, against running it twice | twice the deadline |
 * | `<tenant>:cache:{<group>}:group` | string `<clock>.<nonce>` | the group's present token | its longest-lived entry |
 * | `<tenant>:cache:{groups}:clock` | string | time of the last group invalidation | a day |
 * | `<tenant>:sessions:{<home>}:session-<name>` | hash | one session | until it would end by itself, and an hour to say so |
 * | `<tenant>:sessions:{<home>}:ends` | sorted set of names | when each session of a user ends; who is not here is logged out | its last session |
 * | `<tenant>:sessions:{<home>}:seen` | sorted set of names | when each was seen last | its last session |
 * | `<tenant>:sessions:{<home>}:patch-<id>` | string | that one patch has run, against running it twice | twice the deadline |
 * | `<tenant>:tokens:{<home>}:grant-<name>` | hash | one grant, and its last refresh | until it would end by itself |
 * | `<tenant>:tokens:{<home>}:sealed-<name>` | string | the last pair, for who presents the token before | the grace |
 * | `<tenant>:tokens:{<home>}:ends` | sorted set of names | when each grant of a user ends; one that is not here is revoked | its last grant |
 * | `<tenant>:tokens:{<home>}:access-<digest>` | string | scope and time of one access token | the token |
 * | `<tenant>:<feature>:{<digest>}:call` | hash | a call with an idempotency key, and its answer sealed for who has the key | `<FEATURE>_IDEMPOTENCY_SECONDS`, an hour for `ops` |
 * | `<tenant>:leaderboards:{<board>/<partition>}:board` | hash | what a board is, and the last moments and numbers of this partition | until the board is deleted, and an hour to say so |
 * | `<tenant>:leaderboards:{<board>/<partition>}:outcome-<digest>` | string, hash | that something has run and what it replied, against running it twice | `LEADERBOARDS_IDEMPOTENCY_SECONDS` with an idempotency key, otherwise twice the deadline |
 * | `<tenant>:leaderboards:{<board>/<partition>}:<period>-ranks` | sorted set | scores; a member's name is behind the time at which it reached its score, if that decides ties | the period, and as many after it as are kept |
 * | `<tenant>:leaderboards:{<board>/<partition>}:<period>-stamps` | hash | that time of each member, if it decides ties | as the ranks |
 * | `<tenant>:leaderboards:{<board>/<partition>}:<period>-metadata` | hash | metadata of those members that have any | as the ranks |
 * | `<tenant>:leaderboards:{<board>/<partition>}:<period>-levels` | sorted set | each score that somebody has, for dense ranks | as the ranks |
 * | `<tenant>:leaderboards:{<board>/<partition>}:<period>-holders` | sorted set | which partitions hold such a score, if there are several | as the ranks |
 * | `<tenant>:leaderboards:{<board>/<partition>}:notes` | sorted set | scores gained and lost, which other partitions have yet to follow | until the board is deleted |
 * | `<tenant>:leaderboards:{<board>/<partition>}:delivered` | hash | the last note of each partition that was followed | until the board is deleted |
 * | `<tenant>:likes:{<tenant>/<shard>}:<subject>/members` | sorted set | who likes a subject (or is in one of its partitions), and since when | until the last of them likes it no more |
 * | `<tenant>:likes:{<tenant>/<shard>}:<subject>/given` | hash | what those gave who did not give what most do | the same |
 * | `<tenant>:likes:{<tenant>/<shard>}:<subject>/counts` | hash | how often each was given, and how many partitions or about how many more members there are | until the last member likes it no more; with partitions or an estimate, for good |
 * | `<tenant>:likes:{<tenant>/<shard>}:<subject>/estimate` | HyperLogLog | those of whom nobody need know who they are | the subject |
 * | `<tenant>:likes:{<tenant>/<shard>}:<subject>/touched-<user>` | string | that a user has changed or taken back a like, against undoing that when a call before it is sent again | twice the deadline |
 * | `<tenant>:likes:{<tenant>/<shard>}:trending-<window>` | sorted set | what is liked of late, of this shard: logarithms of decayed sums, and without a name the most that one weighed that had to go | twenty half-lives after likes last kept pace with the decay |
 * | `<tenant>:likes:{<tenant>/<shard>}:liked-<user>` | sorted set | what a user likes, of this shard, and since when | until the user likes none of it |
 * | `<tenant>:locks:{<group>}:fence-<rest>` | string | the last fencing token of a lock | `LOCKS_FENCING_SECONDS` after its last grant or extension |
 * | `<tenant>:locks:{<group>}:holders-<rest>` | sorted set of claims | when each holder's time is over | two minutes more |
 * | `<tenant>:locks:{<group>}:grants-<rest>` | hash | fencing token, extensions and owner of each holder; the permits of those that share it | as holders and queue |
 * | `<tenant>:locks:{<group>}:queue-<rest>` | sorted set of claims | who waits, by the numbers of their places, which are negative for those that are to be alone | two minutes longer than its tickets |
 * | `<tenant>:locks:{<group>}:beats-<rest>` | sorted set of claims | by when each of them must come back | as the queue |
 * | `<tenant>:locks:{<group>}:wake-<rest>` | stream of one entry | that something was given up, for those who wait in a call | a minute |
 * | `<tenant>:locks:{<group>}:outcome-<id>` | string | that something was given up or extended, against doing it twice | twice the deadline |
 * | `<tenant>:locks:{<group>}:call-<digest>` | string | a call with an idempotency key, its claim, and the nonce that gives its token, together with the key | `LOCKS_IDEMPOTENCY_SECONDS`, and as long as its ticket |
 * | `.service:sentry:{<cache>}:snapshot-<day>` | string | that a day's snapshot is under way, or what became of it | ten minutes, then two days |
 *
 * The braces are the cluster's hash tag, so all parts of one id share a slot; `home` stands for a user. The id is
 * percent-encoded: no caller can write a brace or a colon into a key. Throws a `URIError` for a lone surrogate.
 */
function key(tenant: string, feature: Feature, id: string, part: string): string {
  return `${tenant}:${feature}:{${encodeURIComponent(id)}}:${part}`;
}

/** The feature that a key belongs to; undefined for a key that is none of ours. */
export function featureOf(name: string): string | undefined {
  return OURS.exec(name)?.[1];
}

export const cacheKeys = {
  entry: (tenant: string, id: string) => key(tenant, "cache", id, "entry"),
  lease: (tenant: string, id: string) => key(tenant, "cache", id, "lease"),
  outcome: (tenant: string, id: string, version: string) => key(tenant, "cache", id, `put-${version}`),
  group: (tenant: string, name: string) => key(tenant, "cache", name, "group"),
  clock: (tenant: string) => key(tenant, "cache", "groups", "clock"),
};

export const sessionKeys = {
  session: (tenant: string, { home, name }: Id) => key(tenant, "sessions", home, `session-${name}`),
  ends: (tenant: string, { home }: Pick<Id, "home">) => key(tenant, "sessions", home, "ends"),
  seen: (tenant: string, { home }: Pick<Id, "home">) => key(tenant, "sessions", home, "seen"),
  outcome: (tenant: string, { home }: Id, nonce: string) => key(tenant, "sessions", home, `patch-${nonce}`),
};

export const tokenKeys = {
  grant: (tenant: string, { home, name }: Id) => key(tenant, "tokens", home, `grant-${name}`),
  sealed: (tenant: string, { home, name }: Id) => key(tenant, "tokens", home, `sealed-${name}`),
  ends: (tenant: string, { home }: Pick<Id, "home">) => key(tenant, "tokens", home, "ends"),
  access: (tenant: string, { home }: Id, digest: string) => key(tenant, "tokens", home, `access-${digest}`),
};

export const callKeys = {
  call: (tenant: string, feature: string, digest: string) => key(tenant, feature as Feature, digest, "call"),
};

/** `{<board>/<partition>}`: the partitions of a board are in different slots. */
export const leaderboardKeys = {
  board: (tenant: string, board: string, partition: number) => leaderboard(tenant, board, partition, "board"),
  outcome: (tenant: string, board: string, partition: number, digest: string) =>
    leaderboard(tenant, board, partition, `outcome-${digest}`),
  window: (tenant: string, board: string, partition: number, period: string) => ({
    ranks: leaderboard(tenant, board, partition, `${period}-ranks`),
    stamps: leaderboard(tenant, board, partition, `${period}-stamps`),
    metadata: leaderboard(tenant, board, partition, `${period}-metadata`),
    levels: leaderboard(tenant, board, partition, `${period}-levels`),
    holders: leaderboard(tenant, board, partition, `${period}-holders`),
  }),
  notes: (tenant: string, board: string, partition: number) => leaderboard(tenant, board, partition, "notes"),
  delivered: (tenant: string, board: string, partition: number) =>
    leaderboard(tenant, board, partition, "delivered"),
};

/** What belongs to no tenant: nobody's token can have this name. */
export const SERVICE = ".service";

export const sentryKeys = {
  snapshot: (cache: string, day: string) => key(SERVICE, "sentry", cache, `snapshot-${day}`),
};

function leaderboard(tenant: string, board: string, partition: number, part: string): string {
  return key(tenant, "leaderboards", `${board}/${partition}`, part);
}

/** `{<tenant>/<shard>}`: subjects share slots with what is trending among them, and who likes what of them. A subject has no slash in it. */
export const likeKeys = {
  subject(tenant: string, shard: number, subject: string) {
    const here = likes(tenant, shard);
    const of = here + encodeURIComponent(subject);
    return {
      members: `${of}/members`,
      given: `${of}/given`,
      counts: `${of}/counts`,
      estimate: `${of}/estimate`,
      touched: (user: string) => `${of}/touched-${encodeURIComponent(user)}`,
      ...shared(here),
    };
  },
  /** What all subjects of a shard have in common. */
  shard: (tenant: string, shard: number) => shared(likes(tenant, shard)),
};

function likes(tenant: string, shard: number): string {
  return key(tenant, "likes", `${tenant}/${shard}`, "");
}

function shared(here: string) {
  return {
    liked: (user: string) => `${here}liked-${encodeURIComponent(user)}`,
    trending: (window: string) => `${here}trending-${window}`,
  };
}

/** Locks of one group share a slot. */
export const lockKeys = {
  fence: (tenant: string, name: Grouped) => lock(tenant, name, "fence"),
  holders: (tenant: string, name: Grouped) => lock(tenant, name, "holders"),
  grants: (tenant: string, name: Grouped) => lock(tenant, name, "grants"),
  queue: (tenant: string, name: Grouped) => lock(tenant, name, "queue"),
  beats: (tenant: string, name: Grouped) => lock(tenant, name, "beats"),
  wake: (tenant: string, name: Grouped) => lock(tenant, name, "wake"),
  outcome: (tenant: string, { group }: Grouped, id: string) => key(tenant, "locks", group, `outcome-${id}`),
  call: (tenant: string, { group }: Grouped, digest: string) => key(tenant, "locks", group, `call-${digest}`),
};

interface Grouped {
  readonly group: string;
  readonly rest: string;
}

function lock(tenant: string, { group, rest }: Grouped, part: string): string {
  return key(tenant, "locks", group, `${part}-${encodeURIComponent(rest)}`);
}
