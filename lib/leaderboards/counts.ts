import type { Call } from "../redis/fan-out.ts";
import type { Visit } from "./boards.ts";
import { askSettled } from "./levels.ts";
import { eachPartition } from "./partitions.ts";
import type { Position } from "./rows.ts";
import { bounds, keysOf, type View } from "./windows.ts";

/** Positions in one window. */
export interface Query {
  readonly view: View;
  readonly positions: readonly Position[];
  /** Scores, of a board with dense ranks, of which to tell how many partitions hold them. */
  readonly scores: readonly string[];
}

/**
 * Counts on a board of several partitions how many are before each position, by the board's ranking, and then how many
 * partitions hold each score; behind the calls `first`, to which it gives the replies, in the same round trip. Costs each
 * partition O(log n) a position.
 */
export async function countBefore(
  visit: Visit,
  notes: readonly (readonly string[])[],
  queries: readonly Query[],
  first: readonly Call[] = [],
): Promise<{ readonly counts: number[][]; readonly replies: readonly unknown[] }> {
  const { ranking } = visit.board.settings;
  if (ranking === "dense") {
    const levels = queries.map(({ view, positions, scores }) => ({
      view,
      counts: [
        ...positions.map(({ score }) => ["better", score] as const),
        ...scores.map((score) => ["holders", score] as const),
      ],
    }));
    const { levels: counts, replies } = await askSettled(visit, notes, [first], levels);
    return { counts, replies: replies[0] ?? [] };
  }
  const kind = ranking === "ordinal" ? "before" : "better";
  const groups = queries.map(({ view, positions }) =>
    count(
      view,
      positions.flatMap(({ score, element }) => [kind, score, element]),
    ),
  );
  const { replies } = await askSettled<number[]>(visit, notes, [first, ...groups]);
  return { counts: replies.slice(1).map((of) => sum(of).counts), replies: replies[0] ?? [] };
}

/** Runs count.lua in every partition. */
export function count(
  view: View,
  args: readonly (string | number)[],
  counted: "ranks" | "levels" = "ranks",
): Call[] {
  return eachPartition(view.board.settings).map((partition) => {
    const { board, [counted]: key } = keysOf(view, partition);
    return (p) => p.leaderboardCount(board, key, ...bounds(view), ...args);
  });
}

/** The sums over the partitions of what count.lua replied: how many there are in all, and before each position. */
export function sum(replies: readonly (readonly number[])[]): { size: number; counts: number[] } {
  const [size = 0, ...counts] = (replies[0] ?? []).map((_, at) =>
    replies.reduce((total, reply) => total + (reply[at] ?? 0), 0),
  );
  return { size, counts };
}
