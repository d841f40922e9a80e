import type { Window } from "./periods.ts";

export const ORDERS = ["desc", "asc"] as const;
export const UPDATES = ["best", "last", "sum", "min", "max"] as const;
export const TIES = ["first", "last", "member"] as const;
export const RANKINGS = ["ordinal", "competition", "dense"] as const;

/** What a board is, as its owner wrote it. */
export interface Settings {
  /** Which score is the better: the higher or the lower. */
  readonly order: (typeof ORDERS)[number];
  readonly update: (typeof UPDATES)[number];
  /** Who of equal scores is before the others: the first to reach it, the last, or by the bytes of the member. */
  readonly ties: (typeof TIES)[number];
  readonly ranking: (typeof RANKINGS)[number];
  readonly windows: readonly Window[];
  readonly timeZone: string;
  /** How many periods are kept after they have ended. */
  readonly pastWindows: number;
  /** How many of the best are kept; undefined for all. */
  readonly capacity?: number | undefined;
  readonly partitions: number;
}

/** A board as its functions know it. Every script compares the version. */
export interface Board {
  readonly tenant: string;
  readonly name: string;
  readonly settings: Settings;
  readonly version: string;
  /** The version with which it began: another board of the same name has another. */
  readonly created: string;
  /** It has had scores. */
  readonly used: boolean;
  /** The most past windows that it ever kept: some of them may still be there. */
  readonly longest: number;
}

/**
 * Scores are kept so that the lower is the better, whatever the order: negated they sort descending, with equal ones
 * ascending by member. Negation costs a double nothing, and makes itself undone. Never gives -0.
 */
export function flip(order: Settings["order"], score: number): number {
  return order === "desc" ? 0 - score : score + 0;
}

/** What cannot change once there were scores. Compared as text, so what is written here once stays as it is. */
export function fixedPart({ order, update, ties, ranking, windows, timeZone, partitions }: Settings): string {
  return [order, update, ties, ranking === "dense", windows.join("+"), timeZone, partitions].join(" ");
}

/** The rules by which the scripts of a board go: name and value of each. */
export function rulesOf({
  order,
  update,
  ties,
  ranking,
  capacity = 0,
  partitions,
}: Settings): (string | number)[] {
  const lower = update === "best" || (update === "min") === (order === "asc");
  const kept = update === "last" || update === "sum" ? update : lower ? "min" : "max";
  const rules = { update: kept, ties, ranking, partitions, capacity };
  return Object.entries(rules).flat();
}
