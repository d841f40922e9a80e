import fc from "fast-check";
import type { Settings } from "../../lib/leaderboards/board.ts";
import type { Submitted } from "./leaderboards-model.ts";

export interface Range {
  readonly minScore?: number;
  readonly maxScore?: number;
}

/** What is done to a board. `window` picks one by number, 0 by saying nothing, and -1 one that no board has. */
export type Command =
  /** With `again`, the call comes twice under one idempotency key. */
  | { readonly do: "submit"; readonly entries: readonly Submitted[]; readonly again: boolean }
  | { readonly do: "remove"; readonly member: string }
  | {
      readonly do: "list";
      readonly window: number;
      readonly range: Range;
      readonly offset: number;
      readonly limit: number;
    }
  /** Goes on from one of the pages that were read; the newest is 0. */
  | { readonly do: "next"; readonly which: number; readonly limit: number }
  | { readonly do: "get"; readonly window: number; readonly member: string; readonly around: number }
  | { readonly do: "batch"; readonly window: number; readonly members: readonly string[] }
  | {
      readonly do: "rankOf";
      readonly window: number;
      readonly score: number;
      readonly member: string | undefined;
    }
  | { readonly do: "change"; readonly change: Change }
  | { readonly do: "count" }
  | { readonly do: "recreate" };

/** Changes of a board's settings, of which scores allow some. */
export type Change = "nothing" | "update" | "ranking" | "grow" | "shrink";

/** By UTF-16 the emoji would be before the full-width tilde. */
export const MEMBERS = ["a", "ab", "B", "é", "～", "😀", "__proto__", "x/y z"];
const SCORES = [-1, 0, -0, 0.1, 0.2, 1, 2, 3, 5e-324, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 1e308, -1e308];

const score = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(1, 2, 3) },
  { weight: 2, arbitrary: fc.constantFrom(...SCORES) },
);
const range = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Range>({}) },
  { weight: 1, arbitrary: fc.record<Range>({ minScore: score }) },
  { weight: 1, arbitrary: fc.record<Range>({ maxScore: score }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(score, score)
      .map(([one, other]): Range => ({ minScore: Math.min(one, other), maxScore: Math.max(one, other) })),
  },
);
const metadata = fc.constantFrom(undefined, undefined, undefined, null, { a: 1 }, { b: "é" });
const window = fc.oneof({ weight: 20, arbitrary: fc.nat({ max: 2 }) }, fc.constant(-1));
const limit = fc.constantFrom(1, 1, 2, 3, 5, 50);

/** Commands about some members, of which a call submits up to so many. */
export function commands(members: readonly string[], most: number): fc.Arbitrary<Command> {
  const member = fc.constantFrom(...members);
  const entries = fc.array(fc.record({ member, score, metadata }), {
    minLength: 1,
    maxLength: most,
    size: "max",
  });
  const again = fc.nat({ max: 9 }).map((number) => number === 0);
  return fc.oneof(
    { weight: 10, arbitrary: fc.record({ do: fc.constant("submit" as const), entries, again }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("remove" as const), member }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("list" as const),
        window,
        range,
        offset: fc.constantFrom(0, 0, 0, 1, 2, 9),
        limit,
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant("next" as const), which: fc.nat({ max: 2 }), limit }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("get" as const),
        window,
        member,
        around: fc.constantFrom(0, 1, 1, 2, 3, 50),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("batch" as const),
        window,
        members: fc.array(member, { minLength: 1, maxLength: 12 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("rankOf" as const),
        window,
        score,
        member: fc.option(member, { nil: undefined }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("change" as const),
        change: fc.constantFrom<Change>("nothing", "update", "ranking", "grow", "shrink"),
      }),
    },
    { weight: 1, arbitrary: fc.constant<Command>({ do: "count" }) },
    { weight: 1, arbitrary: fc.constant<Command>({ do: "recreate" }) },
  );
}

/** A board's settings after a change, and whether its scores allow that. */
export function changed(settings: Settings, change: Change): { settings: Settings; allowed: boolean } {
  const { ranking, update, capacity } = settings;
  const smaller = Math.max(1, (capacity ?? 10) - 1);
  const changes: Record<Change, [change: Partial<Settings>, allowed: boolean]> = {
    nothing: [{}, true],
    update: [{ update: update === "sum" ? "last" : "sum" }, false],
    ranking: [{ ranking: ranking === "ordinal" ? "competition" : "ordinal" }, ranking !== "dense"],
    grow: [{ capacity: capacity && capacity < 5 ? capacity + 1 : undefined }, true],
    shrink: [{ capacity: smaller }, capacity === smaller],
  };
  const [difference, allowed] = changes[change];
  return { settings: { ...settings, ...difference }, allowed };
}
