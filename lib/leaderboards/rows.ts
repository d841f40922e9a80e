import { parseJson } from "../parse-json.ts";
import { flip, type Settings } from "./board.ts";

/** Where a member stands: lower scores first, then by the bytes of the element. */
export interface Position {
  /** As it is kept; see `flip`. */
  readonly score: number;
  /** The member, behind the time at which it reached its score if that decides ties. */
  readonly element: string;
}

/** A member in a window, as Redis has it. */
export interface Row extends Position {
  /** JSON. */
  readonly metadata?: string | undefined;
}

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

/** What a caller is told of a member. */
export interface Entry {
  readonly rank: number;
  readonly member: string;
  readonly score: number;
  readonly metadata?: Record<string, unknown> | undefined;
}

/** What lies before rows that follow each other on the whole board. */
export type Lead = Pick<Slice, "index" | "better" | "levels">;

/** Hexadecimal digits of the time before a member. */
const STAMP_LENGTH = 13;

export function memberOf({ ties }: Settings, element: string): string {
  return ties === "member" ? element : element.slice(STAMP_LENGTH);
}

/** Negative if `one` is better. Redis sorts equal scores by bytes, JavaScript would by UTF-16. */
export function compare(one: Position, other: Position): number {
  if (one.score !== other.score) return one.score - other.score;
  return one.element === other.element
    ? 0
    : Buffer.compare(Buffer.from(one.element), Buffer.from(other.element));
}

/** Reads what slice.lua replies. */
export function readSlice(reply: readonly (string | number)[]): Slice {
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

/** The rank of each row, from 1. */
export function ranksOf(rows: readonly Row[], ranking: Settings["ranking"], lead: Lead): number[] {
  let { better, levels } = lead;
  return rows.map(({ score }, at) => {
    if (at > 0 && score !== rows[at - 1]?.score) {
      better = lead.index + at;
      levels++;
    }
    return 1 + { ordinal: lead.index + at, competition: better, dense: levels }[ranking];
  });
}

/** How many members of a partition have a better score than `score`, which begins what was merged from all partitions. */
export function betterIn({ rows, index, better, ahead }: Slice, score: number, asked?: Position): number {
  if (asked?.score === score) return ahead;
  const first = rows[0];
  // Whoever is before these rows is better than `score`, unless the first of them has the same.
  return first?.score === score ? better : index + rows.filter((row) => row.score < score).length;
}

export function entryOf(settings: Settings, { element, score, metadata }: Row, rank: number): Entry {
  return {
    rank,
    member: memberOf(settings, element),
    score: flip(settings.order, score),
    ...(metadata && { metadata: parseJson(metadata) as Record<string, unknown> }),
  };
}
