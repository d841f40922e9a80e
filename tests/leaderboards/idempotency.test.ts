import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLeaderboards, until } from "../composition.ts";
import { createCaller, type Submitted } from "./caller.ts";
import { createStored } from "./stored.ts";

const sandbox = composeLeaderboards(inject("redisUrl"));
const another = composeLeaderboards(inject("redisUrl"), { tenant: sandbox.tenant });
const forgetful = composeLeaderboards(inject("redisUrl"), {
  environment: { LEADERBOARDS_IDEMPOTENCY_SECONDS: "1" },
});
const { begin, submit, lines, get, remove } = createCaller(sandbox.api);
const stored = createStored(sandbox.tenant);
const forgotten = createStored(forgetful.tenant);
afterAll(async () => {
  for (const { redis } of [stored, forgotten]) redis.disconnect();
  for (const { connection } of [sandbox, another, forgetful]) await connection.close();
});

const key = (text: string) => ({ "idempotency-key": text });
const REUSED = "422 idempotency_key_reused";
/** Members enough that every partition has some. */
const many = (score: number): Submitted[] =>
  Array.from({ length: 20 }, (_, number) => ({ member: `m${number}`, score }));

describe.each([
  { partitions: 1 },
  { partitions: 4 },
  { partitions: 4, ranking: "dense" },
  { partitions: 4, capacity: 5 },
])("on a board of sums, %j,", (settings) => {
  const name = `board-${JSON.stringify(settings).replaceAll(/\W/g, "-")}`;
  let count = 0;
  async function newBoard(): Promise<string> {
    const board = `${name}-${count++}`;
    await begin(board, { update: "sum", windows: ["all", "monthly"], ...settings });
    return board;
  }

  test("the same call counts once, through whichever sandbox it comes", async () => {
    const board = await newBoard();
    const first = await submit(board, many(1), key("k"));
    const written = await lines(board);
    for (const { api } of [sandbox, another, sandbox]) {
      const again = await createCaller(api).submit(board, many(1), key("k"));
      expect(again.status, again.text).toBe(200);
      if (settings.partitions === 1) expect(again.text).toBe(first.text);
      expect(await lines(board)).toEqual(written);
    }
    expect(written.every((line) => line.endsWith(" 1"))).toBe(true);
  });

  test("twenty of the same call at once count once", async () => {
    const board = await newBoard();
    const sandboxes = [createCaller(sandbox.api), createCaller(another.api)];
    const calls = Array.from({ length: 20 }, (_, at) => sandboxes[at % 2]?.submit(board, many(3), key("k")));
    for (const answer of await Promise.all(calls)) expect(answer?.status, answer?.text).toBe(200);
    for (const line of await lines(board)) expect(line).toMatch(/ 3$/);
    expect((await lines(board, { window: "monthly" })).length).toBe(settings.capacity ?? 20);
  });

  test("quoted and bare the key is the same", async () => {
    const board = await newBoard();
    for (const text of ["8e03-978e", '"8e03-978e"', ' "8e03-978e" '])
      expect((await submit(board, many(1), key(text))).status).toBe(200);
    for (const line of await lines(board)) expect(line).toMatch(/ 1$/);
    for (const text of ["8E03-978E", '"8e03-978e "', '"8e03\\\\978e"'])
      await submit(board, many(1), key(text));
    for (const line of await lines(board)) expect(line).toMatch(/ 4$/);
  });

  test.each<[string, Submitted[]]>([
    ["another score", many(2)],
    ["one score more", [...many(1), { member: "new", score: 1 }]],
    ["one score less", many(1).slice(1)],
    ["another order", many(1).reverse()],
    ["metadata", many(1).map((entry) => ({ ...entry, metadata: {} }))],
    ["other members", many(1).map(({ member }) => ({ member: `x${member}`, score: 1 }))],
    ["a single new member: a", [{ member: "a", score: 1 }]],
    ["a single new member: b", [{ member: "b", score: 1 }]],
    ["a single new member: c", [{ member: "c", score: 1 }]],
    ["a single new member: d", [{ member: "d", score: 1 }]],
  ])("the key of another call is refused with %s, and nothing is written", async (_, entries) => {
    const board = await newBoard();
    await submit(board, many(1), key("k"));
    await lines(board);
    const before = await stored.everything(board);
    expect(outcomeOf(await submit(board, entries, key("k")))).toBe(REUSED);
    expect(await stored.everything(board)).toEqual(before);
    expect((await submit(board, many(1), key("k"))).status).toBe(200);
    expect(await stored.everything(board)).toEqual(before);
  });

  test("the key of a call to a few members is refused for any others", async () => {
    const board = await newBoard();
    await submit(board, [{ member: "first", score: 1 }], key("k"));
    const before = await stored.everything(board);
    for (const { member } of many(1)) {
      expect(outcomeOf(await submit(board, [{ member, score: 1 }], key("k"))), member).toBe(REUSED);
      expect(await stored.everything(board), member).toEqual(before);
    }
  });

  test("of two different calls with one key at once only one counts", async () => {
    const board = await newBoard();
    const [one, other] = await Promise.all([
      submit(board, many(1), key("k")),
      createCaller(another.api).submit(board, many(2), key("k")),
    ]);
    expect([outcomeOf(one), outcomeOf(other)].sort()).toEqual(["200", REUSED]);
    const score = one.status === 200 ? 1 : 2;
    for (const line of await lines(board)) expect(line).toMatch(new RegExp(` ${score}$`));
  });

  test("the same key is another one for another board, for one made anew, and for another tenant", async () => {
    const [board, other] = [await newBoard(), await newBoard()];
    const stranger = createCaller(forgetful.api);
    await stranger.begin(board, { update: "sum", ...settings });
    await submit(board, many(1), key("k"));
    expect((await submit(other, many(2), key("k"))).status).toBe(200);
    expect((await stranger.submit(board, many(3), key("k"))).status).toBe(200);
    expect((await lines(other))[0]).toMatch(/ 2$/);
    expect((await stranger.lines(board))[0]).toMatch(/ 3$/);
    await remove(board);
    await begin(board, { update: "sum", ...settings });
    expect((await submit(board, many(4), key("k"))).status).toBe(200);
    expect((await lines(board))[0]).toMatch(/ 4$/);
  });
});

test("without a key each call counts", async () => {
  await begin("keyless", { update: "sum" });
  for (let i = 0; i < 3; i++) await submit("keyless", many(1));
  expect((await lines("keyless"))[0]).toMatch(/ 3$/);
});

test("a call that was refused leaves its key to the one that is right", async () => {
  await begin("right", { update: "sum" }, [1.7e308]);
  expect(outcomeOf(await submit("right", [{ member: "m0", score: 1e308 }], key("k")))).toBe(
    "409 score_overflow",
  );
  expect((await submit("right", [{ member: "m0", score: 1 }], key("k"))).status).toBe(200);
  expect(outcomeOf(await submit("new", many(1), key("k")))).toBe("404 board_unknown");
  await begin("new", { update: "sum" });
  expect((await submit("new", many(1), key("k"))).status).toBe(200);
  expect((await get("new")).json.counts).toEqual({ all: 20 });
});

test("a key is forgotten after the seconds that are set, and its memory with it", async () => {
  const caller = createCaller(forgetful.api);
  for (const partitions of [1, 4]) {
    const board = `forgotten-${partitions}`;
    await caller.begin(board, { update: "sum", partitions });
    await caller.submit(board, many(1), key("k"));
    await caller.submit(board, many(1), key("k"));
    await sleep(1100);
    const outcomes = async () => (await forgotten.keys(board)).filter((name) => name.includes("outcome"));
    await until(outcomes, ({ length }) => length === 0); // that of the board itself takes two deadlines
    expect((await caller.submit(board, many(1), key("k"))).status).toBe(200);
    expect((await caller.lines(board))[0]).toMatch(/ 2$/);
  }
});
