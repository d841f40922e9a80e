import { afterAll, describe, expect, inject, test, vi } from "vitest";
import { leaderboardKeys } from "../../lib/redis/keys.ts";
import { outcomeOf } from "../api.ts";
import { composeLeaderboards } from "../composition.ts";
import { createCaller } from "./caller.ts";
import { makePast } from "./past.ts";
import { createStored } from "./stored.ts";

vi.setConfig({ testTimeout: 30_000 });
const sandbox = composeLeaderboards(inject("redisUrl"));
const another = composeLeaderboards(inject("redisUrl"), { tenant: sandbox.tenant });
const caller = createCaller(sandbox.api);
const other = createCaller(another.api);
const stored = createStored(sandbox.tenant);
const { put, begin, get, submit, lines, ranks, remove } = caller;
afterAll(async () => {
  stored.redis.disconnect();
  await sandbox.connection.close();
  await another.connection.close();
});

let count = 0;
const newBoard = () => `board-${count++}`;
const close = (board: string) =>
  sandbox.connection.run((redis) =>
    redis.leaderboardClose(
      leaderboardKeys.board(sandbox.tenant, board, 0),
      leaderboardKeys.outcome(sandbox.tenant, board, 0, "close"),
      1000,
    ),
  );
/** What is left of a board, but what says for a while that it was deleted, and what submissions were answered. */
async function leftOf(board: string): Promise<string[]> {
  const left: string[] = [];
  for (const key of await stored.keys(board)) {
    const remembers = key.endsWith(":board") || key.includes(":outcome-");
    const ttl = await stored.redis.pttl(key);
    if (ttl === -2) continue; // it ended since it was listed
    if (!remembers || ttl <= 0 || ttl > 3_600_000) left.push(`${key} ${ttl}`);
  }
  return left;
}

describe.each([{ partitions: 1 }, { partitions: 3 }])("of %j", (parts) => {
  test("a board that was deleted and made anew is another one, also for who knew the one before", async () => {
    const board = newBoard();
    await begin(board, { ...parts, update: "sum" }, [1, 2, 3]);
    expect(await other.lines(board)).toHaveLength(3);
    await remove(board);
    expect(outcomeOf(await other.ranks(board))).toBe("404 board_unknown");
    for (const partitions of [2, 5, 1]) {
      await begin(board, { partitions, update: "sum", ranking: "dense" });
      expect(await other.lines(board), `${partitions}`).toEqual([]);
      await other.submit(board, [
        { member: "m1", score: 1 },
        { member: "b", score: 5 },
      ]);
      expect(await lines(board), `${partitions}`).toEqual(["1 b 5", "2 m1 1"]);
      await remove(board);
      for (const { member } of [{ member: "m0" }, { member: "m1" }, { member: "m2" }])
        expect(outcomeOf(await other.submit(board, [{ member, score: 1 }]))).toBe("404 board_unknown");
      expect(outcomeOf(await other.removeMember(board, "m1"))).toBe("404 board_unknown");
    }
    expect(await leftOf(board)).toEqual([]);
  });

  test("a deletion that was cut short lets nobody in, and goes on when it is sent again or the board is made anew", async () => {
    for (const finish of [remove, (board: string) => put(board, parts)]) {
      const board = newBoard();
      await begin(board, { ...parts, windows: ["all", "daily"] }, [3, 2, 1]);
      await lines(board);
      await close(board);
      expect(outcomeOf(await get(board))).toBe("404 board_unknown");
      expect(outcomeOf(await ranks(board))).toBe("404 board_unknown");
      expect(outcomeOf(await other.submit(board, [{ member: "a", score: 1 }]))).toBe("404 board_unknown");
      expect((await finish(board)).status).toBeLessThan(300);
      await remove(board);
      expect(await leftOf(board)).toEqual([]);
    }
  });
});

test.each([
  [1, 100],
  [4, 100],
  [32, 100],
  [256, 10],
])(
  "of a deleted board of %i partitions and %i past windows nothing is left but what says so for an hour",
  async (partitions, pastWindows) => {
    const board = newBoard();
    const windows = ["all", "daily", "weekly", "monthly"] as const;
    const settings = {
      windows,
      partitions,
      pastWindows,
      ranking: "dense",
      timeZone: "America/New_York",
    };
    await begin(board, settings, [5, 4, 4, 3, 2, 1]);
    await submit(board, [{ member: "m0", score: 9, metadata: { a: 1 } }]);
    await lines(board);
    const keys = await stored.keys(board);
    const counts = Array.from({ length: pastWindows }, (_, at) => at + 1);
    for (const window of windows.slice(1))
      await makePast(stored.redis, keys, window, counts, "America/New_York");
    expect((await stored.keys(board)).length).toBeGreaterThan(9 * pastWindows);
    for (let time = 0; time < 2; time++) {
      expect(outcomeOf(await remove(board))).toBe("204");
      expect(await leftOf(board)).toEqual([]);
    }
  },
);

test("partitions that a board once had are forgotten with it", async () => {
  const board = newBoard();
  for (const partitions of [4, 1, 2]) await put(board, { partitions });
  await remove(board);
  expect(await leftOf(board)).toEqual([]);
});

test("what was kept when more past windows were is deleted too, and never seen on a new board", async () => {
  const board = newBoard();
  await begin(board, { windows: ["daily"], pastWindows: 5 }, [1]);
  await makePast(stored.redis, await stored.keys(board), "daily", [3]);
  const at = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
  expect(await lines(board, { at })).toHaveLength(1);
  await put(board, { windows: ["daily"], pastWindows: 1 });
  await remove(board);
  expect(await leftOf(board)).toEqual([]);
  await begin(board, { windows: ["daily"], pastWindows: 5 });
  expect(await lines(board, { at })).toEqual([]);
});
