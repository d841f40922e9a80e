import { afterAll, expect, inject, test, vi } from "vitest";
import { composeLeaderboards } from "../composition.ts";
import { createCaller, type Ranked } from "./caller.ts";

vi.setConfig({ testTimeout: 60_000 });
const environment = { REDIS_DEADLINE_MS: "8000" };
const sandbox = composeLeaderboards(inject("redisUrl"), { environment });
const others = Array.from({ length: 4 }, () =>
  composeLeaderboards(inject("redisUrl"), { tenant: sandbox.tenant, environment }),
);
const { begin, lines, member, rankOf, batchGet, submit } = createCaller(sandbox.api);
afterAll(async () => {
  for (const { connection } of [sandbox, ...others]) await connection.close();
});

const CALLS = 16;
const ENTRIES = 100;
const TOTAL = CALLS * ENTRIES;

/** Each call has scores that nobody else has, all of them different. */
const entriesOf = (call: number, more = 0) =>
  Array.from({ length: ENTRIES }, (_, at) => ({
    member: `x${call}-${at}`,
    score: call * ENTRIES + at + 1 + more,
  }));

test.each([2, 3])(
  "dense ranks are exact right after a burst of submissions to %i partitions",
  async (partitions) => {
    const board = `burst-${partitions}`;
    const settings = { partitions, ranking: "dense", update: "last", windows: ["all", "daily"] };
    await begin(board, settings, [0]);
    for (const more of [0, TOTAL]) {
      const answers = await Promise.all(
        Array.from({ length: CALLS }, (_, call) => {
          const { api } = others[call % others.length] ?? sandbox;
          return createCaller(api).submit(board, entriesOf(call, more));
        }),
      );
      for (const answer of answers) expect(answer.status, answer.text).toBe(200);
      expect((await member(board, "m0")).json.rank).toBe(TOTAL + 1);
      expect((await rankOf(board, 0.5, { window: "daily" })).json.rank).toBe(TOTAL + 1);
      const friends: Ranked[] = (await batchGet(board, ["x0-0", `x${CALLS - 1}-99`, `x${CALLS / 2}-0`])).json
        .members;
      expect(friends.map(({ rank }) => rank)).toEqual([1, TOTAL / 2, TOTAL]);
      const range = await lines(board, { limit: "1", maxScore: String(more + 1) });
      expect(range).toEqual([`${TOTAL} x0-0 ${more + 1}`]);
      const { json } = await submit(board, [{ member: "m0", score: 0, metadata: {} }]);
      expect(json.results[0].windows.all).toMatchObject({ rank: TOTAL + 1, previousRank: TOTAL + 1 });
    }
  },
);

test("what a call says of its own move is exact, though others write at the same time", async () => {
  await begin("previous", { partitions: 3, ranking: "dense", update: "last" }, [50, 40, 30, 20, 10]);
  for (let round = 1; round < 30; round++) {
    // The one moves among its own scores, the other among the lowest: neither changes the rank of the other.
    const [one, other] = await Promise.all([
      createCaller((others[0] ?? sandbox).api).submit("previous", [{ member: "m0", score: 50 + round }]),
      createCaller((others[1] ?? sandbox).api).submit("previous", [
        { member: "m4", score: 10 - round / 100 },
      ]),
    ]);
    expect(one.json.results[0].windows.all, `round ${round}`).toMatchObject({ rank: 1, previousRank: 1 });
    // No two nodes are asked at the same instant: both scores of the one may count there, or neither.
    const { rank, previousRank } = other.json.results[0].windows.all;
    expect(Math.abs(rank - 5), `round ${round}`).toBeLessThanOrEqual(1);
    expect(previousRank, `round ${round}`).toBe(rank);
    expect((await member("previous", "m4")).json.rank, `after round ${round}`).toBe(5);
  }
});
