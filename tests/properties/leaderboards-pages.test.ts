import fc from "fast-check";
import { afterAll, describe, expect, inject, test } from "vitest";
import { ORDERS, RANKINGS, TIES, UPDATES } from "../../lib/leaderboards/board.ts";
import { partitionOf } from "../../lib/leaderboards/partitions.ts";
import { composeLeaderboards } from "../composition.ts";
import type { Command, Range } from "./leaderboards-commands.ts";
import type { Row } from "./leaderboards-model.ts";
import { createWorld, execute, type World } from "./leaderboards-world.ts";

const sandbox = composeLeaderboards(inject("redisUrl"));
afterAll(() => sandbox.connection.close());

const named = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `member ${from + at}`);
const submission = (members: readonly string[], score: number): Command => ({
  do: "submit",
  entries: members.map((member) => ({ member, score })),
  again: false,
});
const whole = { do: "list", window: 0, offset: 0, range: {} } as const;
const rules = fc.record({
  order: fc.constantFrom(...ORDERS),
  update: fc.constantFrom(...UPDATES, "last", "last"),
  ties: fc.constantFrom(...TIES),
  ranking: fc.constantFrom(...RANKINGS),
});

describe.each([1, 4])("pages of a board of %d partitions", (partitions) => {
  const score = fc.integer({ min: 1, max: 6 });
  const [stable, movers] = [named(0, 30), named(30, 60)];
  const write = fc.oneof<fc.Arbitrary<Command>[]>(
    fc
      .tuple(fc.subarray(movers, { minLength: 1, maxLength: 9 }), score)
      .map(([some, score]) => submission(some, score)),
    fc.constantFrom(...movers).map((member) => ({ do: "remove", member })),
  );
  const steps = fc.array(
    fc.record({ limit: fc.integer({ min: 1, max: 9 }), writes: fc.array(write, { maxLength: 3 }) }),
    { minLength: 15, maxLength: 30 },
  );
  const range = fc.constantFrom<Range>({}, {}, { minScore: 2 }, { maxScore: 5 });
  const scores = fc.array(score, { minLength: 60, maxLength: 60 });

  test("hold who does not move once each while others write", { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(
      fc.record({ rules, scores, range, steps }),
      async ({ rules, scores, range, steps }) => {
        const world = await createWorld([sandbox], { ...rules, partitions });
        const entries = [...stable, ...movers].map((member, at) => ({ member, score: scores[at] ?? 0 }));
        await execute(world, { do: "submit", entries, again: false });
        const expected = world.model.page({ ...range, limit: 60 }).entries.map(({ member }) => member);
        const seen = await readOn(world, range, steps);
        expect(seen.filter((member) => stable.includes(member))).toEqual(
          expected.filter((member) => stable.includes(member)),
        );
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  /** Reads page by page, each with its limit, and writes behind each; when no steps are left, the rest in one. */
  async function readOn(world: World, range: Range, steps: readonly { limit: number; writes: Command[] }[]) {
    const seen: string[] = [];
    for (const [page, { limit, writes }] of [...steps, { limit: 60, writes: [] }].entries()) {
      const bookmarks = world.bookmarks.length;
      const read = page === 0 ? { ...whole, range, limit } : ({ do: "next", which: 0, limit } as const);
      const { entries } = (await execute(world, read)) as { entries: Row[] };
      seen.push(...entries.map(({ member }) => member));
      if (world.bookmarks.length === bookmarks) break;
      for (const command of writes) await execute(world, command);
    }
    return seen;
  }

  test.each(TIES)(
    "go on among three hundred equals where somebody was: ties %s",
    { timeout: 60_000 },
    async (ties) => {
      const ranking = RANKINGS[TIES.indexOf(ties)] ?? "ordinal";
      const rules = { order: "desc", update: "last", ties, ranking } as const;
      const world = await createWorld([sandbox], { ...rules, partitions });
      for (const from of [200, 0, 100]) await execute(world, submission(named(from, from + 100), 5));
      const moves: ((member: string) => Command[])[] = [
        (member) => [{ do: "remove", member }],
        (member) => [submission([member], 6)],
        (member) => [submission([member], 4)],
        (member) => [submission([member], 4), submission([member], 5)],
        (member) => [submission([member], 5)],
      ];
      for (const limit of [1, 90, 200]) {
        for (const move of moves) {
          await execute(world, { ...whole, limit });
          const { member } = world.bookmarks.at(-1)?.last ?? { member: "" };
          for (const command of move(member)) await execute(world, command);
          await execute(world, { do: "next", which: 0, limit: 40 });
          await execute(world, { do: "rankOf", window: 0, score: 5, member: `${member}!` });
          await execute(world, { do: "get", window: 0, member: "member 150", around: 20 });
        }
      }
    },
  );
});

test.each(RANKINGS)("pages are whole if all but a few are in one partition: %s", async (ranking) => {
  const rules = { order: "asc", update: "last", ties: "member", ranking } as const;
  const world = await createWorld([sandbox], { ...rules, partitions: 16 });
  const crowd = named(0, 3000)
    .filter((member) => partitionOf(world.model.settings, member) === 3)
    .slice(0, 150);
  const entries = [...crowd, ...named(0, 30)].map((member, at) => ({ member, score: at % 40 }));
  for (const from of [0, 100])
    await execute(world, { do: "submit", entries: entries.slice(from, from + 100), again: false });
  for (const range of [{}, { minScore: 3, maxScore: 35 }]) {
    for (const [offset = 0, limit = 0] of [
      [0, 100],
      [60, 60],
      [10, 3],
    ]) {
      await execute(world, { ...whole, range, offset, limit });
      for (let page = 0; page < 2; page++) await execute(world, { do: "next", which: 0, limit: 70 });
    }
  }
});
