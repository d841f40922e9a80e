import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composeLeaderboards } from "../composition.ts";
import { createCaller, type LeaderboardsCaller, type Submitted } from "../leaderboards/caller.ts";
import { startCounting } from "./counted.ts";

let counting: Awaited<ReturnType<typeof startCounting>>;
let caller: LeaderboardsCaller;
/** Through a connection whose round trips nobody counts. */
let uncounted: LeaderboardsCaller;
beforeAll(async () => {
  counting = await startCounting(composeLeaderboards);
  caller = createCaller(counting.api);
  uncounted = createCaller(counting.uncounted);
});
afterAll(() => counting?.close());

const roundTrips = (call: Promise<{ status: number }>) => counting.roundTrips(call);
let count = 0;
const newBoard = () => `board-${count++}`;
const WINDOWS = ["all", "daily", "weekly", "monthly"];
const entries = (from: number): Submitted[] =>
  Array.from({ length: 100 }, (_, at) => ({
    member: `m${from + at}`,
    score: (from + at) % 37,
    metadata: { at },
  }));

type Operation = [string, number, (board: string) => Promise<{ status: number }>];
const operations: Operation[] = [
  ["to submit a score", 200, (board) => caller.submit(board, [{ member: "m1", score: 999 }])],
  ["to submit a hundred scores", 200, (board) => caller.submit(board, entries(250))],
  [
    "to submit scores with a key",
    200,
    (board) => caller.submit(board, entries(9), { "idempotency-key": "k" }),
  ],
  ["to read the first page", 200, (board) => caller.ranks(board)],
  ["to read a long page", 200, (board) => caller.ranks(board, { limit: "1000" })],
  ["to read behind an offset", 200, (board) => caller.ranks(board, { offset: "77", limit: "5" })],
  ["to read a range of scores", 200, (board) => caller.ranks(board, { minScore: "3", maxScore: "9" })],
  [
    "to read a range that is empty",
    200,
    (board) => caller.ranks(board, { minScore: "3.5", maxScore: "3.6" }),
  ],
  ["to read another window", 200, (board) => caller.ranks(board, { window: "weekly" })],
  ["to read a member and fifty on each side", 200, (board) => caller.member(board, "m77", { around: "50" })],
  ["to find no member", 404, (board) => caller.member(board, "nobody")],
  [
    "to read friends",
    200,
    (board) =>
      caller.batchGet(
        board,
        entries(20).map(({ member }) => member),
      ),
  ],
  ["to read friends of whom nobody is there", 200, (board) => caller.batchGet(board, ["nobody"])],
  ["to rank a score", 200, (board) => caller.rankOf(board, 18)],
  ["to remove a member", 204, (board) => caller.removeMember(board, "m5")],
  ["to remove nobody", 204, (board) => caller.removeMember(board, "nobody")],
  ["to read the board", 200, (board) => caller.get(board)],
  [
    "to read a day that is not kept",
    404,
    (board) => caller.ranks(board, { window: "daily", at: "2020-01-01" }),
  ],
];

const rankings = ["ordinal", "competition", "dense"];
const boards = [1, 4].flatMap((partitions) =>
  rankings.flatMap((ranking) => [
    { partitions, ranking },
    { partitions, ranking, capacity: 120 },
  ]),
);
describe.each(boards)("on a board of %j", (settings) => {
  let board: string;
  beforeAll(async () => {
    board = newBoard();
    await uncounted.begin(board, { ...settings, windows: WINDOWS, update: "sum" });
    await uncounted.submit(board, entries(0));
    await uncounted.submit(board, [...entries(100).slice(1), { member: "m77", score: 500 }]);
    await caller.ranks(board);
  });

  test.each(operations)("no more round trips than it may take, %s", async (what, status, run) => {
    // All partitions have to agree on a key, and one remembers the answer.
    const most = settings.partitions === 1 ? 1 : what.includes("key") ? 4 : 2;
    for (let time = 0; time < 2; time++) {
      const [answered, trips] = await roundTrips(run(board));
      expect(answered).toBe(status);
      expect(trips).toBeLessThanOrEqual(most);
    }
  });

  test("one to follow a cursor, or two with partitions", async () => {
    const first = await uncounted.ranks(board, { limit: "40" });
    for (const limit of ["1", "40", "1000"]) {
      const [, trips] = await roundTrips(caller.ranks(board, { limit, cursor: first.json.next }));
      expect(trips).toBeLessThanOrEqual(settings.partitions === 1 ? 1 : 2);
    }
  });

  test("one more for a sandbox that has not met the board, or knows what it was before", async () => {
    const name = newBoard();
    await uncounted.begin(name, settings, [3, 2, 1]);
    const [, met] = await roundTrips(caller.get(name));
    const [, known] = await roundTrips(caller.get(name));
    expect([met, known]).toEqual([2, 1]);
    await uncounted.put(name, { ...settings, pastWindows: 5 });
    expect(await roundTrips(caller.get(name))).toEqual([200, 3]); // is told, reads what it has become, and goes by it
    expect(await roundTrips(caller.get(name))).toEqual([200, 1]);
  });
});

test("one to make a board, to change it, and to be told that it cannot change; two with partitions", async () => {
  for (const partitions of [1, 4, 256]) {
    const board = newBoard();
    const trips = partitions === 1 ? 1 : 2;
    expect(await roundTrips(caller.put(board, { partitions }))).toEqual([201, trips]);
    expect(await roundTrips(caller.put(board, { partitions, order: "asc" }))).toEqual([200, trips]);
    await uncounted.submit(board, entries(0));
    expect(await roundTrips(caller.put(board, { partitions }))).toEqual([409, 1]);
    expect(await roundTrips(caller.get(newBoard()))).toEqual([404, 1]);
  }
});

test("one more for the first scores that a board with partitions ever gets", async () => {
  for (const [partitions, most] of [
    [1, 1],
    [4, 3],
  ] as const) {
    const board = newBoard();
    await uncounted.put(board, { partitions });
    await caller.get(board);
    expect(await roundTrips(caller.submit(board, entries(0)))).toEqual([200, most]);
    expect((await roundTrips(caller.submit(board, entries(0))))[1]).toBeLessThanOrEqual(2);
  }
});

test("to delete a board takes three, and one more for each hundred keys of a partition", async () => {
  for (const [settings, most] of [
    [{}, 2],
    [{ partitions: 4 }, 3],
    [{ windows: WINDOWS, pastWindows: 10 }, 3],
    [{ windows: WINDOWS, pastWindows: 100, partitions: 4 }, 33],
  ] as const) {
    const board = newBoard();
    await uncounted.begin(board, settings, [2, 1]);
    const [status, trips] = await roundTrips(caller.remove(board));
    expect(status).toBe(204);
    expect(trips, JSON.stringify(settings)).toBeLessThanOrEqual(most);
    expect(await roundTrips(caller.remove(board))).toEqual([204, 1]);
  }
});

test("none is made for what is refused", async () => {
  expect(await roundTrips(caller.submit("board", []))).toEqual([400, 0]);
  expect(await roundTrips(caller.submit("board", [{ member: "a", score: Number.NaN }]))).toEqual([400, 0]);
  expect(await roundTrips(caller.put("a b"))).toEqual([400, 0]);
  expect(await roundTrips(caller.put("board", { partitions: 0 }))).toEqual([400, 0]);
  expect(await roundTrips(caller.ranks("board", { cursor: "forged" }))).toEqual([400, 0]);
  expect(await roundTrips(caller.ranks("board", { at: "today" }))).toEqual([400, 0]);
  expect(await roundTrips(caller.batchGet("board", []))).toEqual([400, 0]);
});
