import fc from "fast-check";
import { afterAll, describe, expect, inject, test, vi } from "vitest";
import { ORDERS, RANKINGS, TIES, UPDATES } from "../../lib/leaderboards/board.ts";
import type { Window } from "../../lib/leaderboards/periods.ts";
import { outcomeOf } from "../api.ts";
import { composeLeaderboards } from "../composition.ts";
import { commands, MEMBERS } from "./leaderboards-commands.ts";
import { createWorld, execute, type Rules, readAll } from "./leaderboards-world.ts";

/** Two functions, each of which remembers boards by itself. */
const sandboxes = [composeLeaderboards(inject("redisUrl")), composeLeaderboards(inject("redisUrl"))];
afterAll(async () => {
  for (const { connection } of sandboxes) await connection.close();
});

const rules = ORDERS.flatMap((order) =>
  UPDATES.flatMap((update) =>
    TIES.flatMap((ties) => RANKINGS.map((ranking): Rules => ({ order, update, ties, ranking }))),
  ),
);
const CROWD = Array.from({ length: 30 }, (_, number) => `member ${number}`);
const extent = fc.record(
  {
    windows: fc.constantFrom<Window[]>(["all"], ["monthly"], ["all", "daily", "monthly"]),
    capacity: fc.constantFrom(3, 3, 1),
  },
  { requiredKeys: ["windows"] },
);

describe.each([1, 3])("whatever is done, a board of %d partitions answers as its model", (partitions) => {
  const sequence = fc.array(commands(MEMBERS, 5), { minLength: 1, maxLength: 40, size: "max" });

  test.each(rules)("$order, $update, $ties, $ranking", { timeout: 60_000 }, async (rules) => {
    const property = fc.asyncProperty(extent, sequence, async (extent, sequence) => {
      const world = await createWorld(sandboxes, { ...rules, ...extent, partitions });
      for (const command of sequence) await execute(world, command);
      await readAll(world, MEMBERS);
    });
    await fc.assert(property, { numRuns: 3 });
  });
});

test("the sequences that are tried reach every kind of answer", { timeout: 60_000 }, async () => {
  const seen = new Set<string>();
  const watched = sandboxes.map(({ apiOf }) => ({
    apiOf: (tenant: string) => {
      const api = apiOf(tenant);
      return async (...[method, path, options]: Parameters<typeof api>) => {
        const answer = await api(method, path, options);
        const what = path
          .split("/")
          .slice(4, 6)
          .join("/")
          .replace(/members\/(?!batch-get).*/, "member");
        seen.add(`${method} ${what} ${outcomeOf(answer)}`);
        if (what === "ranks" && answer.json.next) seen.add("a page that others follow");
        if (what === "ranks" && options?.query?.cursor && answer.status === 200)
          seen.add("a page that follows");
        if (what === "scores" && answer.text.includes('"score":null')) seen.add("a member that is not kept");
        return answer;
      };
    },
  }));
  const rules = { order: "desc", update: "sum", ties: "first", ranking: "ordinal", capacity: 3 } as const;
  const world = await createWorld(watched, { ...rules, partitions: 1 });
  for (const next of fc.sample(commands(MEMBERS, 5), { numRuns: 1000, seed: 1 })) await execute(world, next);
  for (const expected of [
    ...["PUT  200", "PUT  201", "PUT  409 board_in_use", "GET  200", "GET  404 board_unknown", "DELETE  204"],
    ...["POST scores 200", "POST scores 409 score_overflow"],
    ...["GET ranks 200", "GET ranks 404 board_unknown", "GET ranks 404 window_unknown"],
    "GET ranks 400 invalid_request",
    ...["GET member 200", "GET member 404 member_unknown", "GET member 404 window_unknown"],
    ...["POST members/batch-get 200", "GET rank-of 200", "DELETE member 204"],
    ...["a page that others follow", "a page that follows", "a member that is not kept"],
  ]) {
    expect(seen).toContain(expected);
  }
});

test("a board has the same answers however many partitions it has", { timeout: 60_000 }, async () => {
  const sequence = fc.array(commands([...MEMBERS, ...CROWD], 25), { maxLength: 25, size: "max" });
  const property = fc.asyncProperty(
    fc.constantFrom(...rules),
    extent,
    sequence,
    async (rules, extent, sequence) => {
      const [one, ...others] = await Promise.all(
        [1, 2, 5, 16].map(async (partitions) => {
          const world = await createWorld(sandboxes, { ...rules, ...extent, partitions }, true);
          const answers: unknown[] = [];
          for (const command of sequence) answers.push(await execute(world, command));
          return answers;
        }),
      );
      for (const other of others) expect(other).toEqual(one);
    },
  );
  await fc.assert(property, { numRuns: 30 });
});

test.each(["first", "last"] as const)("ties are decided within one millisecond too: %s", async (ties) => {
  const now = vi.spyOn(Date, "now").mockReturnValue(Date.now());
  try {
    const rules = { order: "desc", update: "last", ties, ranking: "ordinal", partitions: 4 } as const;
    const world = await createWorld(sandboxes, rules);
    for (let from = 0; from < CROWD.length; from += 3) {
      const entries = CROWD.slice(from, from + 3).map((member) => ({ member, score: 1 }));
      await execute(world, { do: "submit", entries, again: false });
    }
    await readAll(world, CROWD);
  } finally {
    now.mockRestore();
  }
});
