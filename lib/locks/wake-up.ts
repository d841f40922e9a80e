import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../redis/connection.ts";

const PAUSE_MS = 50;

/** Between looks, where nothing wakes, and after one that failed. */
export const pause = () => sleep(PAUSE_MS * (0.5 + Math.random()));

/**
 * Waits until something is given up at one of some locks, at most `forMs`. It blocks on the streams that a release writes
 * (`XREAD BLOCK`), over a connection of its own; where that cannot be had, and beside another call that has it (an emulator
 * runs several in one process), it sleeps for a moment. Whoever is woken looks anew, so nothing is lost but time.
 */
export function createWakeUp(connection: Connection) {
  let isTaken = false;

  async function block(
    streams: readonly string[],
    after: readonly string[],
    forMs: number,
  ): Promise<boolean> {
    isTaken = true;
    const blockMs = Math.ceil(Math.min(forMs, connection.longestBlockMs));
    const waiting = connection.block((redis) =>
      redis.xread("BLOCK", Math.max(1, blockMs), "STREAMS", ...streams, ...after),
    );
    return waiting
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        isTaken = false;
      });
  }

  return async (streams: readonly string[], after: readonly string[], forMs: number): Promise<void> => {
    if (!isTaken && (await block(streams, after, forMs))) return;
    await pause();
  };
}
