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

/** What a caller is told of a member. */
export interface Entry {
  readonly rank: number;
  readonly member: string;
  readonly score: number;
  readonly metadata?: Record<string, unknown> | undefined;
}

/** What lies before rows that follow each other on the whole board. */
export interface Lead {
  /** How many rows. */
  readonly index: number;
  /** How many with a better score than the first. */
  readonly better: number;
  /** How many better scores than that of the first somebody has. */
  readonly levels: number;
}

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

export function entryOf(settings: Settings, { element, score, metadata }: Row, rank: number): Entry {
  return {
    rank,
    member: memberOf(settings, element),
    score: flip(settings.order, score),
    ...(metadata && { metadata: parseJson(metadata) as Record<string, unknown> }),
  };
}
