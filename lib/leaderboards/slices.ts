import type { Call } from "../redis/fan-out.ts";
import { compare, type Lead, type Position, type Row } from "./rows.ts";
import { bounds, keysOf, type View } from "./windows.ts";

/** Rows that follow each other in one partition, and what lies before them there. */
export interface Slice {
  readonly rows: readonly Row[];
  /** How many members there are. */
  readonly size: number;
  /** Of the first row, from 0. */
  readonly index: number;
  /** How many have a better score than the first row. */
  readonly better: number;
  /** How many have a better score than the position that was asked for. */
  readonly ahead: number;
  /** How many scores better than that of the first row somebody has; only where there is one partition. */
  readonly levels: number;
}

/** What slice.lua replies. */
export type SliceReply = (string | number)[];

/** Where to read, and how much. Scores as they are kept. */
export interface SliceQuery {
  /** `member` and it, `behind` and a position, or `index` and a number. */
  readonly place:
    | readonly [kind: "member", member: string]
    | readonly [kind: "index", index: number]
    | readonly [kind: "behind", position: Position];
  /** How many rows before the place. */
  readonly above: number;
  /** How many from there on. */
  readonly count: number;
  readonly best?: number | "-inf";
  readonly worst?: number | "+inf";
}

/** Reads rows of one partition; `readSlice` takes the reply. */
export function slice(
  view: View,
  partition: number,
  { place, above, count, best = "-inf", worst = "+inf" }: SliceQuery,
): Call {
  const { board, ranks, stamps, metadata, levels } = keysOf(view, partition);
  const [kind, at] = place;
  const where = kind === "behind" ? [at.element, at.score] : [at, ""];
  const args = [...bounds(view), best, worst, above, count, kind, ...where];
  return (p) => p.leaderboardSlice(board, ranks, stamps, metadata, levels, ...args);
}

/** Reads what slice.lua replies. */
export function readSlice(reply: SliceReply): Slice {
  const [count = 0, size = 0, index = 0, better = 0, ahead = 0, levels = 0] = reply.slice(-6).map(Number);
  const described = reply.length > 2 * count + 6;
  const rows: Row[] = [];
  for (let row = 0; row < count; row++) {
    const metadata = described ? String(reply[2 * count + row]) : "";
    rows.push({
      element: String(reply[2 * row]),
      score: Number(reply[2 * row + 1]),
      ...(metadata && { metadata }),
    });
  }
  return { rows, size, index, better, ahead, levels };
}

/** The rows of all partitions in their order. */
export function merge(slices: readonly Slice[]): Row[] {
  return slices.flatMap(({ rows }) => rows).sort(compare);
}

/** What lies before `first`, of the rows that were merged, of which so many are before it; `asked` is the position about which they were read. */
export function leadOf(
  slices: readonly Slice[],
  first: Row,
  before: number,
  levels: number,
  asked?: Position,
): Lead {
  return {
    index: slices.reduce((sum, { index }) => sum + index, before),
    better: slices.reduce((sum, slice) => sum + betterIn(slice, first.score, asked), 0),
    levels,
  };
}

/** How many members of a partition have a better score than `score`, which begins what was merged from all partitions. */
function betterIn({ rows, index, better, ahead }: Slice, score: number, asked?: Position): number {
  if (asked?.score === score) return ahead;
  const first = rows[0];
  // Whoever is before these rows is better than `score`, unless the first of them has the same.
  return first?.score === score ? better : index + rows.filter((row) => row.score < score).length;
}
