import { afterAll, describe, expect, inject, test } from "vitest";
import { outcomeOf, uniqueTenant } from "../api.ts";
import { composeLeaderboards } from "../composition.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLeaderboards(inject("redisUrl"));
const another = composeLeaderboards(inject("redisUrl"), { tenant: sandbox.tenant });
const caller = createCaller(sandbox.api);
const other = createCaller(another.api);
const { put, begin, get, submit, lines } = caller;
afterAll(async () => {
  await sandbox.connection.close();
  await another.connection.close();
});

const DEFAULTS = {
  order: "desc",
  update: "best",
  ties: "first",
  ranking: "ordinal",
  windows: ["all"],
  timeZone: "UTC",
  pastWindows: 1,
  partitions: 1,
};
let count = 0;
const newBoard = () => `board-${count++}`;

test("a board is made with 201, and is there as it was written, with defaults for the rest", async () => {
  const board = newBoard();
  const made = await put(board);
  expect([made.status, made.json, made.headers.location]).toEqual([
    201,
    DEFAULTS,
    `/v1/leaderboards/${board}`,
  ]);
  expect(made.headers["cache-control"]).toBe("no-store");
  expect((await get(board)).json).toEqual({ ...DEFAULTS, counts: { all: 0 } });
  const settings = {
    windows: ["monthly", "all"],
    order: "asc",
    capacity: 3,
    partitions: 2,
    timeZone: "Asia/Tokyo",
  };
  const changed = await put(board, settings);
  const shown = { ...DEFAULTS, ...settings, windows: ["all", "monthly"] };
  expect([changed.status, changed.json, changed.headers.location]).toEqual([200, shown, undefined]);
  await submit(
    board,
    [5, 4, 3, 2].map((score) => ({ member: `m${score}`, score })),
  );
  expect((await other.get(board)).json).toEqual({ ...shown, counts: { all: 3, monthly: 3 } });
  expect((await put(board, settings)).status).toBe(200);
});

const base = { windows: ["all", "daily"], capacity: 10 };
const fixed: [string, object][] = [
  ["the order", { order: "asc" }],
  ["the update", { update: "sum" }],
  ["the ties", { ties: "member" }],
  ["the ranking to dense", { ranking: "dense" }],
  ["a window more", { windows: ["all", "daily", "weekly"] }],
  ["a window less", { windows: ["all"] }],
  ["the time zone", { timeZone: "Europe/Berlin" }],
  ["the partitions", { partitions: 2 }],
  ["a smaller capacity", { capacity: 9 }],
];
describe.each([{ partitions: 1 }, { partitions: 3 }])("on a board of %j", (parts) => {
  test.each(fixed)("%s may change before there are scores, and not after", async (_, change) => {
    const board = newBoard();
    const [before, after] = [
      { ...base, ...parts },
      { ...base, ...parts, ...change },
    ];
    await begin(board, before);
    expect((await put(board, after)).status).toBe(200);
    expect((await put(board, before)).status).toBe(200);
    await submit(board, [{ member: "a", score: 1 }]);
    const shown = (await get(board)).text;
    expect(outcomeOf(await put(board, after))).toBe("409 board_in_use");
    expect((await get(board)).text).toBe(shown);
    await caller.removeMember(board, "a");
    expect(outcomeOf(await put(board, after)), "though nobody is left").toBe("409 board_in_use");
    expect((await put(board, before)).status).toBe(200);
  });

  test("dense ranks stay dense, and a capacity cannot come where there was none", async () => {
    const board = newBoard();
    await begin(board, { ...parts, ranking: "dense" }, [1]);
    expect(outcomeOf(await put(board, { ...parts, ranking: "ordinal" }))).toBe("409 board_in_use");
    expect(outcomeOf(await put(board, { ...parts, ranking: "dense", capacity: 1_000_000 }))).toBe(
      "409 board_in_use",
    );
  });

  test("the ranking but dense, past windows and a larger capacity change at any time", async () => {
    const board = newBoard();
    await begin(board, { ...parts, capacity: 3 }, [7, 7, 5, 5]);
    for (let round = 0; round < 2; round++) {
      expect(await lines(board)).toEqual(["1 m0 7", "2 m1 7", "3 m2 5"]);
      await put(board, { ...parts, capacity: 3, ranking: "competition" });
      expect(await lines(board)).toEqual(["1 m0 7", "1 m1 7", "3 m2 5"]);
      expect((await put(board, { ...parts, capacity: 3, pastWindows: 9 * round })).status).toBe(200);
    }
    expect((await put(board, { ...parts, capacity: 4 })).status).toBe(200);
    await submit(
      board,
      [1, 2].map((score) => ({ member: `n${score}`, score })),
    );
    expect((await lines(board)).at(-1)).toBe("4 n2 2");
    expect((await put(board, parts)).status).toBe(200);
    await submit(board, [{ member: "n0", score: 0 }]);
    expect((await lines(board)).at(-1)).toBe("5 n0 0");
  });

  test("whoever knew the board sees at the next call what it has become", async () => {
    const board = newBoard();
    await begin(board, { ...parts, capacity: 2 }, [7, 7, 5]);
    const calls: (() => Promise<unknown>)[] = [
      async () => (await other.ranks(board)).json.entries.at(-1).rank,
      async () => (await other.member(board, "m1")).json.rank,
      async () => (await other.batchGet(board, ["m1"])).json.members[0].rank,
      async () => Math.min(2, (await other.rankOf(board, 7)).json.rank),
      async () => (await other.submit(board, [{ member: "m1", score: 7 }])).json.results[0].windows.all.rank,
      async () => ((await other.get(board)).json.ranking === "ordinal" ? 2 : 1),
    ];
    for (const call of calls) {
      for (const [ranking, rank] of [
        ["ordinal", 2],
        ["competition", 1],
      ] as const) {
        await put(board, { ...parts, capacity: 2, ranking });
        expect(await call(), String(call)).toBe(rank);
      }
    }
  });
});

test("boards of two tenants have nothing in common but their name", async () => {
  const strangers = uniqueTenant();
  const stranger = createCaller(sandbox.apiOf(strangers));
  const board = newBoard();
  await begin(board, { ranking: "dense", partitions: 2 }, [3, 2, 1]);
  expect(outcomeOf(await stranger.get(board))).toBe("404 board_unknown");
  await stranger.begin(board, { order: "asc" }, [9]);
  expect(await stranger.lines(board)).toEqual(["1 m0 9"]);
  expect(await lines(board)).toEqual(["1 m0 3", "2 m1 2", "3 m2 1"]);
  await stranger.removeMember(board, "m1");
  await stranger.remove(board);
  expect(await lines(board)).toHaveLength(3);
  expect(outcomeOf(await stranger.ranks(board))).toBe("404 board_unknown");
});
