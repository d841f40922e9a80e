import { setTimeout as sleep } from "node:timers/promises";
import { inTime } from "../redis/client.ts";
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
  const once = waitMs === 0; // who will not come back must not keep others waiting
  const found = await locks.acquire(tenant, { names: [name], exclusive: true, ttlMs, waitMs, owner, once });
  if (found.state === "held") {
    if (!once) await locks.release(tenant, name, readToken(found.ticket)).catch(() => {}); // then it lapses
    return { state: "held", owner: found.owner };
  }
  if (found.state !== "granted") throw new Error(`The lock cannot be had: ${found.state}`);
  const token = readToken(found.token);
  const [{ fencingToken }] = found.grants;
  const done = new AbortController();
  const lost = new AbortController();
  let endsAt = performance.now() + found.leftMs;
  let mayExtend = true;
  const leftMs = () => Math.max(0, endsAt - performance.now());

  async function extend(): Promise<void> {
    const extendedAt = performance.now();
    const { state } = await locks.extend(tenant, name, token, ttlMs);
    if (state === "extended") endsAt = extendedAt + ttlMs;
    else if (state === "exhausted") mayExtend = false;
    else lost.abort(new LockLost("The lock was lost: somebody else may have it"));
  }

  /** Aborts once the lock may have ended. */
  function check(): void {
    if (leftMs() === 0) lost.abort(new LockLost("The lock was lost: it was not extended in time"));
  }

  /** Extends the lock until the work is done. Where Redis is away, tries again until the lock has ended. */
  async function keep(): Promise<void> {
    while (!lost.signal.aborted) {
      const pauseMs = mayExtend ? Math.min(ttlMs / 3, leftMs()) : leftMs();
      await sleep(pauseMs, undefined, { signal: done.signal }).catch(() => {});
      if (done.signal.aborted) return;
      if (mayExtend) await inTime(extend(), leftMs()).catch(() => {});
      check();
    }
  }

  /** Work that keeps the event loop busy keeps `keep` from its turn. */
  function throwIfLost(): void {
    check();
    lost.signal.throwIfAborted();
  }

  const keeping = keep();
  try {
    throwIfLost();
    const value = await work({ signal: lost.signal, fencingToken });
    throwIfLost();
    return { state: "done", value };
  } finally {
    done.abort();
    await keeping;
    await locks.release(tenant, name, token).catch(() => {}); // then it expires
  }
}
