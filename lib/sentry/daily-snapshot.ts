import { AwsUnavailable } from "../aws/ask.ts";
import type { ManagedCache } from "../aws/elasticache-management.ts";
import type { Connection } from "../redis/connection.ts";
import { sentryKeys } from "../redis/keys.ts";

/** How it stands with the snapshot of a day. */
export type SnapshotOutcome =
  | "not_managed" // this Redis is none of ElastiCache's
  | "settled" // nothing is left to do today, or it is too early to look again
  | "automatic" // ElastiCache takes them itself
  | "created"
  | "creating" // it is under way
  | "available";

/** How often it is looked whether there is a snapshot, and tried again where there is none. */
const LOOK_AGAIN_MS = 600_000;
/** Longer than the day that it is for. */
const SETTLED_MS = 2 * 86_400_000;
/** One that failed keeps its name, so the next one has another. */
const TRIES = ["", "-2", "-3"];
/** What ElastiCache says of one that is there, whatever else is done with it. */
const THERE = ["available", "copying", "restoring"];

/** ElastiCache did not take the snapshot, and says why. */
class SnapshotRefused extends Error {
  override name = "SnapshotRefused";
}

function unanswered(reason: unknown) {
  if (reason instanceof AwsUnavailable) return { state: "unanswered", reason } as const;
  throw reason;
}

/**
 * Takes one snapshot a day where ElastiCache takes none by itself, and looks after it until it is there. Whoever claims
 * the day in Redis first does it. Where Redis cannot tell (it is away, it is full, a failover lost the claim), the name
 * that all give the snapshot of a day lets ElastiCache refuse the second.
 */
export function createDailySnapshot(connection: Connection, cache: ManagedCache | undefined) {
  let settledDay: string | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function mayLook(key: string): Promise<boolean> {
    const claim = connection.run((redis) => redis.set(key, "claimed", "PX", LOOK_AGAIN_MS, "NX"));
    return claim.then(
      (reply) => reply === "OK",
      () => true,
    );
  }

  async function take(cache: ManagedCache, day: string): Promise<SnapshotOutcome> {
    if ((await cache.describe()).snapshotRetentionDays > 0) return "automatic";
    for (const suffix of TRIES) {
      const name = `${cache.id.toLowerCase()}-${day}${suffix}`;
      const outcome = await cache.createSnapshot(name).catch(unanswered);
      if (outcome.state === "done") return "created";
      // Whatever ElastiCache says, or does not: it may be busy with this very one.
      const { status = "none" } = (await cache.snapshot(name)) ?? {};
      if (THERE.includes(status)) return "available";
      if (status === "creating") return status;
      if (status !== "none" || outcome.reason === "exists") continue;
      if (outcome.reason instanceof AwsUnavailable) throw outcome.reason;
      throw new SnapshotRefused(`the cache takes no snapshot now (${outcome.reason})`);
    }
    throw new SnapshotRefused(`${TRIES.length} snapshots of the day failed`);
  }

  /** Rejects when ElastiCache refuses or does not answer; ten minutes later there is another try. */
  async function run(now: Date): Promise<SnapshotOutcome> {
    if (!cache) return "not_managed";
    const day = now.toISOString().slice(0, 10);
    // The clock may have been set back since.
    const isEarly = Math.abs(now.getTime() - lookedAt) < LOOK_AGAIN_MS;
    if (settledDay === day || isEarly) return "settled";
    const key = sentryKeys.snapshot(cache.id, day);
    if (!(await mayLook(key))) return "settled";
    lookedAt = now.getTime();
    const outcome = await take(cache, day);
    const isDone = outcome === "automatic" || outcome === "available";
    if (isDone) {
      settledDay = day;
      // Unwritten, it makes another sandbox look in ten minutes, which then finds what there is.
      await connection.run((redis) => redis.set(key, outcome, "PX", SETTLED_MS)).catch(() => {});
    }
    return outcome;
  }
  return { run };
}

export type DailySnapshot = ReturnType<typeof createDailySnapshot>;
