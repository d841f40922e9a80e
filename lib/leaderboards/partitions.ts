import { hash } from "node:crypto";
import { leaderboardKeys } from "../redis/keys.ts";
import type { Board, Settings } from "./board.ts";
import { neighbour, type Period, periodAt, type Window } from "./periods.ts";

export function eachPartition({ partitions }: Pick<Settings, "partitions">): number[] {
  return Array.from({ length: partitions }, (_, partition) => partition);
}

/** The partition in which a member is, or the one that keeps a score. */
export function partitionOf({ partitions }: Settings, text: string): number {
  return partitions === 1 ? 0 : hash("sha256", text, "buffer").readUInt32BE() % partitions;
}

/**
 * How many of so many rows one partition is asked for at first: its share, and what chance may add to that. Members are
 * spread evenly, so it seldom has more.
 */
export function shareOf(rows: number, partitions: number): number {
  const share = rows / partitions;
  return Math.min(rows, Math.ceil(share + 6 * Math.sqrt(share)) + 4);
}

/** Every period of which something may be there: the present ones, those before and, as clocks differ, the next. */
export function keptPeriods(
  { settings: { windows, timeZone }, longest }: Pick<Board, "settings" | "longest">,
  nowMs: number,
): Period[] {
  return windows.flatMap((window) => {
    if (window === "all") return [periodAt(window, timeZone, nowMs)];
    const next = neighbour(periodAt(window, timeZone, nowMs), timeZone, 1);
    const periods = [next];
    while (periods.length < longest + 2) periods.push(neighbour(periods.at(-1) ?? next, timeZone, -1));
    return periods;
  });
}

/** When a period is to be forgotten, in milliseconds since 1970; 0 for never. */
export function expiryOf({ timeZone, pastWindows }: Settings, period: Pick<Period, "window" | "id">): number {
  if (period.window === "all") return 0;
  const key = `${period.id} ${timeZone} ${pastWindows}`;
  const known = expiries.get(key);
  if (known !== undefined) return known; // to ask a time zone takes longer than all the rest
  const at = neighbour(period, timeZone, pastWindows + 1).startsAt;
  if (expiries.size >= MAX_EXPIRIES) expiries.clear();
  expiries.set(key, at);
  return at;
}

/** As `expiryOf`, of the period with that id, which begins with the name of its window. */
export function expiryOfId(settings: Settings, id: string): number {
  return expiryOf(settings, { window: id.split("-", 1)[0] as Window, id });
}

const MAX_EXPIRIES = 1000;
const expiries = new Map<string, number>();

/** All keys of one partition but the board itself and the outcomes, which expire by themselves. */
export function dataKeys({ tenant, name }: Board, partition: number, periods: readonly Period[]): string[] {
  return [
    leaderboardKeys.notes(tenant, name, partition),
    leaderboardKeys.delivered(tenant, name, partition),
    ...periods.flatMap(({ id }) => Object.values(leaderboardKeys.window(tenant, name, partition, id))),
  ];
}
