import type { Call } from "../redis/fan-out.ts";
import { leaderboardKeys } from "../redis/keys.ts";
import type { Settings } from "./board.ts";
import { eachPartition, shareOf } from "./partitions.ts";
import { compare, type Position } from "./rows.ts";
import { bounds, keysOf, type View } from "./windows.ts";

/** Somebody who is one too many in a partition. */
export interface Surplus extends Position {
  readonly partition: number;
}

/** What worst.lua tells of a partition. */
interface Tail {
  readonly size: number;
  readonly rows: readonly Surplus[];
}

/** Others may have written at the same time, or stopped half-way. */
const SPARE = 20;

const wanted = (entries: number, { partitions }: Settings) => shareOf(entries + SPARE, partitions);

/** Reads who is worst in each partition. One with half as many as its share of a full board need not look. */
export function tails(view: View, entries: number): Call[] {
  const { settings } = view.board;
  const atLeast = Math.floor((settings.capacity ?? 0) / settings.partitions / 2) - 50;
  return eachPartition(settings).map((partition) => {
    const { board, ranks } = keysOf(view, partition);
    const args = [...bounds(view), atLeast, wanted(entries, settings)];
    return (p) => p.leaderboardWorst(board, ranks, ...args);
  });
}

/** Who has no place among as many as are kept: as far as the partitions have told, the rest when they are asked next. */
export function surplus(
  settings: Settings,
  entries: number,
  replies: readonly (string | number)[][],
): Surplus[] {
  const tails = replies.map(readTail);
  const size = tails.reduce((sum, tail) => sum + tail.size, 0);
  const asked = wanted(entries, settings);
  // Whoever is better than the last of a partition that may have more is not known to be worse than those.
  const unknown = tails.flatMap(({ size, rows }) =>
    rows.length === asked && size > asked ? (rows.at(-1) ?? []) : [],
  );
  const limit = unknown.sort(compare).at(-1);
  return tails
    .flatMap(({ rows }) => rows)
    .filter((row) => !limit || compare(row, limit) >= 0)
    .sort((one, other) => compare(other, one))
    .slice(0, Math.max(0, size - (settings.capacity ?? size)));
}

function readTail([size, ...told]: readonly (string | number)[], partition: number): Tail {
  const rows: Surplus[] = [];
  for (let at = 0; at < told.length; at += 2)
    rows.push({ element: String(told[at]), score: Number(told[at + 1]), partition });
  return { size: Number(size), rows };
}

/** Takes those off who are in a partition, unless they have moved meanwhile; and looks who of some members is there then. */
export function evict(
  view: View,
  partition: number,
  those: readonly Surplus[],
  members: readonly string[],
): Call {
  const { tenant, name, version } = view.board;
  const { board, ranks, stamps, metadata, levels } = keysOf(view, partition);
  const notes = leaderboardKeys.notes(tenant, name, partition);
  const args = [...those.flatMap(({ element, score }) => [element, score]), ...members];
  const { id } = view.period;
  return (p) =>
    p.leaderboardEvict(board, notes, ranks, stamps, metadata, levels, version, id, those.length, ...args);
}
