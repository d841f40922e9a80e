import { RedisUnavailable } from "../redis/errors.ts";
import type { Kind } from "./kinds.ts";
import type { Found, TallyReply } from "./scripts.ts";

/** How far off a HyperLogLog is: the standard error of one with 16384 registers, 1.04 / sqrt(16384). */
const STANDARD_ERROR = 0.0081;

/** What is known of a subject. */
export interface Known {
  /** How many users like it. */
  readonly count: number;
  /** How many of them gave each reaction. */
  readonly reactions?: Readonly<Record<string, number>>;
  /** What one of them gave, if that was asked. */
  readonly mine?: Given | null;
  readonly claps?: { readonly total: number; readonly mine?: number };
  readonly approximate?: true;
  readonly standardError?: number;
}

/** A reaction; a list of them where a user may give several. */
export type Given = string | string[];

/** What a user gave, for whoever reads it. */
export interface Gave {
  readonly reaction: Given;
  /** Where users clap: how many. */
  readonly claps?: number;
}

/** What a partition tells. */
export interface Tally {
  readonly found: Found;
  readonly at: number | undefined;
  readonly given: string;
  readonly size: number;
  readonly others: number;
  readonly partitions: number;
  readonly estimate: number | undefined;
  readonly counts: readonly number[];
}

/** What is counted by name: nothing where all give the same. */
export function namesOf({ reactions, claps }: Kind): readonly string[] {
  if (claps !== undefined) return [":claps"];
  return reactions.length > 1 ? reactions : [];
}

/** What most give, as the scripts write it. */
export function firstOf({ reactions: [first = ""], claps }: Kind): string {
  return claps === undefined ? first : "1";
}

/** Throws `RedisUnavailable` for a call that was sent again, and whose user has done something else since it may have run. */
export function readTally(reply: TallyReply | "touched"): Tally {
  if (reply === "touched")
    throw new RedisUnavailable("Nobody can say which of two calls of a user was the last", { answers: true });
  const [found, at, given, size, others, partitions, estimate, ...counts] = reply;
  return {
    found,
    at: at === null ? undefined : Number(at),
    given,
    size,
    others,
    partitions: Number(partitions),
    estimate: estimate === null ? undefined : Number(estimate),
    counts: counts.map(Number),
  };
}

/** What a user gave, from the words that the scripts keep of it. */
export function gaveOf(kind: Kind, words: string): Gave {
  const [first = ""] = kind.reactions;
  if (kind.claps !== undefined) return { reaction: first, claps: Number(words || 1) };
  const reactions = (words || first).split(" ");
  return { reaction: kind.several ? reactions : (reactions[0] ?? first) };
}

/** What all partitions of a subject tell together; `asked` is whether what a user gave was. */
export function sum(kind: Kind, tallies: readonly Tally[], asked: boolean): Known {
  const total = (of: (tally: Tally) => number) => tallies.reduce((all, tally) => all + of(tally), 0);
  const isEstimate = kind.approximate || tallies.some(({ estimate }) => estimate !== undefined);
  const count = total(({ size, estimate = 0 }) => size + estimate);
  if (isEstimate) return { count, approximate: true, standardError: STANDARD_ERROR };
  const member = tallies.find(({ at }) => at !== undefined);
  const mine = member && gaveOf(kind, member.given);
  const byMost = total(({ size, others }) => size - others);
  const named = namesOf(kind).map(
    (_, index) => total(({ counts }) => counts[index] ?? 0) + (index === 0 ? byMost : 0),
  );
  const [first = ""] = kind.reactions;
  const reactions =
    kind.claps === undefined && named.length > 0
      ? kind.reactions.map((name, at) => [name, named[at] ?? 0])
      : [[first, count]];
  return {
    count,
    reactions: Object.fromEntries(reactions),
    ...(asked && { mine: mine?.reaction ?? null }),
    ...(kind.claps !== undefined && {
      claps: { total: named[0] ?? 0, ...(asked && { mine: mine?.claps ?? 0 }) },
    }),
  };
}
