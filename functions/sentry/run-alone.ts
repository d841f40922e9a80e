import type { Locks } from "../../lib/locks/locks.ts";
import { withLock } from "../../lib/locks/with-lock.ts";
import { SERVICE } from "../../lib/redis/keys.ts";

/** After a crash, or a grant of which nobody learnt, the next minute's run finds the lock free. */
const TTL_MS = 10_000;

/**
 * Does the work of a scheduled function, unless another run of it is at work: undefined then. Where Redis grants nothing,
 * as it is away or full, the work is done all the same. The work must not reject.
 */
export async function runAlone<T>(
  locks: Locks,
  functionName: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  let begun: Promise<T> | undefined;
  const begin = () => {
    begun ??= work();
    return begun;
  };
  const name = { group: "sentry", rest: functionName };
  try {
    const done = await withLock(locks, name, { tenant: SERVICE, ttlMs: TTL_MS }, begin);
    return done.state === "done" ? done.value : undefined;
  } catch {
    return begin();
  }
}
