import fc from "fast-check";

const USERS = ["ann", "bob"];

/** Which pair of a grant: how many refreshes ago it was the present one. */
export type Age = number;
export type Named = "nothing" | "the client and device" | "another client" | "another device";
export type Asked = "nothing" | "less" | "more";

export interface UserCommand {
  readonly do: "issue" | "list" | "endAll";
  readonly user: string;
}

/** A number picks one of the grants that there are by then. */
export type GrantCommand =
  | { readonly do: "refresh"; readonly grant: number; readonly age: Age; named: Named; asked: Asked }
  | { readonly do: "forge"; readonly grant: number; readonly knowsFamily: boolean }
  | { readonly do: "end"; readonly grant: number }
  | {
      readonly do: "revokeRefresh" | "revokeAccess" | "introspect" | "strange" | "mixUp";
      readonly grant: number;
      readonly age: Age;
    };

/** Plain data, so that a failing sequence can be read. */
export type Command = UserCommand | GrantCommand;

const user = fc.constantFrom(...USERS);
const grant = fc.nat({ max: 20 });
const age = fc.constantFrom<Age>(0, 0, 0, 0, 0, 1, 1, 2);

const refresh: fc.Arbitrary<Command> = fc.record({
  do: fc.constant("refresh" as const),
  grant,
  age,
  named: fc.constantFrom<Named>(
    "nothing",
    "nothing",
    "the client and device",
    "another client",
    "another device",
  ),
  asked: fc.constantFrom<Asked>("nothing", "nothing", "less", "more"),
});

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("issue" as const), user }) },
  { weight: 40, arbitrary: refresh },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("forge" as const), grant, knowsFamily: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("revokeRefresh" as const, "revokeAccess", "introspect", "strange", "mixUp"),
      grant,
      age,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const), grant }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("list" as const, "list", "endAll"), user }) },
);
