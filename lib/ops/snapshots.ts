import { randomBytes } from "node:crypto";
import { AwsUnavailable } from "../aws/ask.ts";
import type { ManagedCache, Outcome } from "../aws/elasticache-management.ts";
import type { SnapshotDescription } from "../aws/managed-cache.ts";
import type { Randomness } from "../opaque-token.ts";

const RANDOM_BYTES = 3;
/** What the clocks of ElastiCache and of this function may differ by. */
const CLOCKS_MS = 5000;
/** What ElastiCache says of a name that an earlier try has taken, then of a cache that is at it. */
const TAKEN = ["exists", "busy"];

/** `20261123-092400-a1b2c3`, which is nobody else's. */
function timeLabel({ now, bytes }: Randomness): string {
  const [date = "", time = ""] = new Date(now)
    .toISOString()
    .replaceAll(/[-:]|\..*/g, "")
    .split("T");
  return `${date}-${time}-${bytes(RANDOM_BYTES).toString("hex")}`;
}

/**
 * Begins to make the snapshot `<cache>-<label>`; the role of the function may make no others. The request is sent once:
 * where its answer, or that of an earlier try with the same randomness, was lost, a snapshot of this name that is no older
 * than the call is what it made. Rejects as `ManagedCache`.
 */
export async function createSnapshot(
  cache: ManagedCache,
  label: string | undefined,
  repeatable?: Randomness,
): Promise<Outcome<SnapshotDescription>> {
  const randomness = repeatable ?? { now: Date.now(), bytes: randomBytes };
  const name = `${cache.id.toLowerCase()}-${label ?? timeLabel(randomness)}`;
  const outcome = await cache.createSnapshot(name).catch((error: unknown) => {
    if (error instanceof AwsUnavailable) return error;
    throw error;
  });
  const isLost = outcome instanceof AwsUnavailable;
  const isTaken = !isLost && outcome.state === "refused" && TAKEN.includes(outcome.reason);
  const made = isLost || (repeatable && isTaken) ? await cache.snapshot(name) : undefined;
  if (made && isSince(made, randomness.now)) return { state: "done", value: made };
  if (isLost) throw outcome;
  return outcome;
}

function isSince({ status, createdAt }: SnapshotDescription, time: number): boolean {
  if (createdAt === undefined) return status === "creating";
  return status !== "failed" && createdAt >= time - CLOCKS_MS;
}
