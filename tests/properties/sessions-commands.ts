import fc from "fast-check";
import type { JsonObject } from "./merge-patch.ts";

/** `which` picks one of the sessions that began, and `token` one of its tokens, by number; the newest is 0. */
export type Command =
  | { readonly do: "begin"; readonly userId: string; readonly data: JsonObject }
  | { readonly do: "verify"; readonly which: number; readonly token: number }
  | { readonly do: "get"; readonly which: number }
  | { readonly do: "end"; readonly which: number }
  | { readonly do: "rotate"; readonly which: number; readonly times: number }
  | { readonly do: "patch"; readonly which: number; readonly change: JsonObject; readonly version: Version }
  | { readonly do: "endAll"; readonly userId: string; readonly except: number | undefined }
  | { readonly do: "list"; readonly userId: string; readonly limit: number };

/** What `If-Match` says, if it is sent. */
export type Version = "none" | "any" | "present" | "past";

export const USERS = ["ann", "bob"];

const userId = fc.constantFrom(...USERS);
const which = fc.nat({ max: 8 });
const value = fc.constantFrom(null, 1, "x", [], {}, { a: null }, { a: 2 });
const data: fc.Arbitrary<JsonObject> = fc.dictionary(fc.constantFrom("a", "b", "c"), value, {
  noNullPrototype: true,
});
const version = fc.constantFrom<Version>("none", "none", "any", "present", "past");

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("begin" as const), userId, data }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("verify" as const),
      which,
      token: fc.constantFrom(0, 0, 1, 8, 9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("get" as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end" as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("rotate" as const), which, times: fc.constantFrom(1, 9) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("patch" as const), which, change: data, version }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("endAll" as const),
      userId,
      except: fc.option(which, { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("list" as const), userId, limit: fc.integer({ min: 1, max: 4 }) }),
  },
);
