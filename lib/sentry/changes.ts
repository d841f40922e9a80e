import type { Counts, Reading } from "./reading.ts";

/** What happened between two runs. */
export interface Changes extends Counts {
  /** Primaries that were not there before, or that are another server by now. */
  readonly roleChanges: number;
}

/** What happened before is another sandbox's to tell, which looked meanwhile. */
const TOLD_FOR_MS = 600_000;

/**
 * Compares each reading with what this sandbox has seen of each node before, as long as it was among the last so many.
 * Of the first there is nothing to tell, nor of one ten minutes after the last.
 */
export function createChanges(rememberedNodes = 500) {
  const counts = new Map<string, Counts>();
  const primaries = new Map<string, string>();
  let lastAt = Number.NEGATIVE_INFINITY;

  return {
    next(reading: Reading): Changes | undefined {
      const grown = growth(reading.counts);
      const roleChanges = newPrimaries(reading.primaries);
      const isRecent = Math.abs(reading.at - lastAt) < TOLD_FOR_MS;
      lastAt = reading.at;
      return isRecent ? { ...grown, roleChanges } : undefined;
    },
  };

  /** A node that started anew counts from zero. */
  function growth(now: Reading["counts"]): Counts {
    const total = { evictions: 0, hits: 0, misses: 0 };
    for (const [address, present] of now) {
      const before = counts.get(address);
      remember(counts, address, present);
      if (!before) continue;
      for (const name of ["evictions", "hits", "misses"] as const) {
        const grown = present[name] - before[name];
        total[name] += grown >= 0 ? grown : present[name];
      }
    }
    return total;
  }

  function newPrimaries(now: Reading["primaries"]): number {
    let changes = 0;
    for (const [address, history] of now) {
      if (primaries.get(address) !== history) changes++;
      remember(primaries, address, history);
    }
    return changes;
  }

  function remember<T>(map: Map<string, T>, address: string, value: T): void {
    map.delete(address);
    map.set(address, value);
    const oldest = map.keys().next();
    if (map.size > rememberedNodes && !oldest.done) map.delete(oldest.value);
  }
}
