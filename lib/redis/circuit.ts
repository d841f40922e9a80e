import { setImmediate } from "node:timers/promises";
import { RedisUnavailable } from "./errors.ts";

/** After so many waits in vain, one after the other: those of the same time count once. */
const OPENS_AFTER = 3;
/** A server that is known to be away refuses at once, and nobody needs to be spared that. */
const A_WAIT_MS = 100;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;

/**
 * Spares callers the wait for a server that is away. It opens after some failures in a row; then everybody is turned away
 * at once, and `probe` is run after each pause, which doubles, until it resolves and so closes the circuit. In a sandbox
 * that was frozen meanwhile, where no probe could run, the first caller tries instead. Neither takes longer than `tryMs`.
 */
export function createCircuit(probe: () => Promise<unknown>, tryMs: number) {
  let state: "closed" | "open" | "trying" = "closed";
  let failures = 0;
  let lastFailedAt = 0;
  let pauseMs = FIRST_PAUSE_MS;
  let opensAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function close(toleratedFailures: number): void {
    state = "closed";
    failures = OPENS_AFTER - toleratedFailures;
    clearTimeout(timer);
  }

  function open(): void {
    const jitteredMs = pauseMs * (0.75 + Math.random() / 2);
    state = "open";
    opensAt = performance.now() + jitteredMs;
    if (stopped) return;
    timer = setTimeout(() => {
      letOneTry();
      probe().then(succeeded, () => failed(performance.now()));
    }, jitteredMs).unref();
  }

  function letOneTry(): void {
    clearTimeout(timer);
    state = "trying";
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    opensAt = performance.now() + tryMs + LONGEST_PAUSE_MS; // nobody else meanwhile
  }

  function succeeded(): void {
    pauseMs = FIRST_PAUSE_MS;
    close(OPENS_AFTER);
  }

  function failed(startedAt: number): void {
    if (state === "open") return; // it began before that
    const now = performance.now();
    if (now - startedAt >= Math.min(A_WAIT_MS, tryMs / 2) && startedAt >= lastFailedAt) {
      failures++;
      lastFailedAt = now;
    }
    if (failures >= OPENS_AFTER) open();
  }

  return {
    /** Gives what `work` gives, or rejects at once with `RedisUnavailable` while the circuit is open. */
    async through<T>(work: () => Promise<T>): Promise<T> {
      if (state !== "closed") {
        const leftMs = opensAt - performance.now();
        if (leftMs > 0) {
          await setImmediate(); // who asks again at once must not keep the probe from its turn
          const retryAfterMs = Math.min(leftMs, LONGEST_PAUSE_MS); // a try may succeed any moment
          throw new RedisUnavailable("Redis is unavailable, as it was just now.", { retryAfterMs });
        }
        letOneTry();
      }
      const startedAt = performance.now();
      try {
        const value = await work();
        succeeded();
        return value;
      } catch (error) {
        if (error instanceof RedisUnavailable && !error.answers) failed(startedAt);
        else succeeded(); // it has answered
        throw error;
      }
    },
    /** Probes no more: the connection is closed. */
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
    /** A server is there again: all may go on, until one waits in vain. */
    recovered(): void {
      if (state !== "closed") close(1);
    },
  };
}
