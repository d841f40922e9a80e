import fc from "fast-check";
import type { Life, ModelPut } from "./cache-model.ts";

export const KEYS = ["a", "b", "c"];
const GROUPS = ["g", "h", "__proto__"];

/** A put whose lease and tag are picked, by number, from those that there are by then; 0 is none. */
export type Choice = Omit<ModelPut, "lease" | "ifMatch"> & {
  readonly lease: number;
  readonly ifMatch: number;
};

/** Plain data, so that a failing sequence can be read. */
export type Command =
  | { readonly do: "get" | "lease" | "getThoughOriginFails" | "remove"; readonly key: string }
  | { readonly do: "getConditionally"; readonly key: string; readonly tag: number }
  | { readonly do: "invalidate"; readonly group: string }
  | { readonly do: "put"; readonly choice: Choice }
  | { readonly do: "putAll"; readonly choices: readonly Choice[] }
  | { readonly do: "getAll" };

const key = fc.constantFrom(...KEYS);
const number = fc.nat({ max: 20 });
const choice: fc.Arbitrary<Choice> = fc.record({
  key,
  body: fc.constantFrom("", "1", "2", "3", "long"),
  groups: fc.subarray(GROUPS),
  absent: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
  life: fc.constantFrom<Life>("fresh", "fresh", "stale", "error"),
  createOnly: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  ifMatch: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, number),
  lease: fc.oneof(fc.constant(0), number),
});

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("get" as const, "lease", "lease"), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("getConditionally" as const), key, tag: number }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("getThoughOriginFails" as const, "remove"), key }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("invalidate" as const), group: fc.constantFrom(...GROUPS) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("put" as const), choice }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("putAll" as const),
      choices: fc.uniqueArray(choice, { minLength: 1, maxLength: 3, selector: ({ key }) => key }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("getAll" as const) }) },
);
