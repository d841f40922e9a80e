import { setTimeout as sleep } from "node:timers/promises";
import { type LockName, readToken } from "./fields.ts";
import type { Locks } from "./locks.ts";

export interface WithLockOptions {
  readonly tenant: string;
  /** It is extended after each third of this; after a crash nobody has it for so long. */
  readonly ttlMs: number;
  /** How long to wait for it. @default 0 */
  readonly waitMs?: number;
  readonly owner?: string;
}

/** What the work is given. */
export interface Holding {
  /** Aborted, with `LockLost`, as soon as it is not certain any more that the lock is held. */
  readonly signal: AbortSignal;
  /** For what the work writes: whoever takes it refuses a smaller one than the last. */
  readonly fencingToken: number;
}

export type Done<T> =
  | { readonly state: "done"; readonly value: T }
  | { readonly state: "held"; readonly owner: string | undefined };

/** The work took longer than its lock was held, so somebody else may have done it at the same time. */
export class LockLost extends Error {
  override name = "LockLost";
}

/**
 * Does `work` while it holds the lock, or not at all where somebody else does: what is scheduled so is done by one of those
 * that were started. Rejects as `work` does, with `LockLost` if the lock was lost before it was done, and as `Locks.acquire`.
 */
export async function withLock<T>(
  locks: Locks,
  name: LockName,
  { tenant, ttlMs, waitMs = 0, owner }: WithLockOptions,
  work: (holding: Holding) => Promise<T>,
): Promise<Done<T>> {
  const askedAt = performance.now();
  const once = waitMs === 0; // who will not come back must not keep others waiting
  const found = await locks.acquire(tenant, { names: [name], exclusive: true, ttlMs, waitMs, owner, once });
  if (found.state === "held") {
    if (!once) await locks.release(tenant, name, readToken(found.ticket));
    return { state: "held", owner: found.owner };
  }
  if (found.state !== "granted") throw new Error(`The lock cannot be had: ${found.state}`);
  const token = readToken(found.token);
  const [{ fencingToken } = { fencingToken: 0 }] = found.grants;
  const done = new AbortController();
  const lost = new AbortController();
  let endsAt = askedAt + ttlMs;

  async function extend(): Promise<void> {
    const extendedAt = performance.now();
    const { state } = await locks.extend(tenant, name, token, ttlMs);
    if (state === "extended") endsAt = extendedAt + ttlMs;
    else lost.abort(new LockLost(`The lock was lost: ${state}`));
  }

  /** Extends the lock until the work is done. Where Redis is away, tries again until the lock has ended. */
  async function keep(): Promise<void> {
    const leftMs = () => Math.max(0, endsAt - performance.now());
    while (!lost.signal.aborted) {
      await sleep(Math.min(ttlMs / 3, leftMs()), undefined, { signal: done.signal }).catch(() => {});
      if (done.signal.aborted) return;
      await Promise.race([extend().catch(() => {}), sleep(leftMs())]);
      if (leftMs() === 0) lost.abort(new LockLost("The lock was lost: nobody could extend it in time"));
    }
  }

  if (!once) await extend(); // it may have been granted at any moment since
  const keeping = keep();
  try {
    lost.signal.throwIfAborted();
    const value = await work({ signal: lost.signal, fencingToken });
    lost.signal.throwIfAborted();
    return { state: "done", value };
  } finally {
    done.abort();
    await keeping;
    await locks.release(tenant, name, token).catch(() => {}); // then it expires
  }
}
