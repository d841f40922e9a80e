import type { Call } from "../redis/fan-out.ts";
import type { Row } from "./rows.ts";
import { bounds, keysOf, type View } from "./windows.ts";

/** A member of a window. On a board of several partitions the rank is that in its partition. */
export interface Found extends Row {
  readonly rank: number;
}

/** Reads some members of one partition; `readFound` takes the reply, which leaves out who is not there. */
export function lookup(view: View, partition: number, members: readonly string[]): Call {
  const { board, ranks, stamps, metadata, levels } = keysOf(view, partition);
  const args = [...bounds(view), ...members];
  return (p) => p.leaderboardLookup(board, ranks, stamps, metadata, levels, ...args);
}

export function readFound(reply: readonly string[]): Found[] {
  const found: Found[] = [];
  for (let at = 0; at < reply.length; at += 4) {
    const [element = "", score, rank, metadata] = reply.slice(at, at + 4);
    if (element) found.push({ element, score: Number(score), rank: Number(rank), metadata });
  }
  return found;
}
