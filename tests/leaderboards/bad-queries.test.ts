import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Answer, outcomeOf, uniqueTenant } from "../api.ts";
import { composeLeaderboards } from "../composition.ts";
import { expectConsistencyKept } from "../cursors.ts";
import { createCaller } from "./caller.ts";
import { createStored } from "./stored.ts";

const sandbox = composeLeaderboards(inject("redisUrl"));
const strangers = uniqueTenant();
const stranger = createCaller(sandbox.apiOf(strangers));
const caller = createCaller(sandbox.api);
const { begin, put, remove, ranks, member, batchGet, rankOf, submit } = caller;
const stored = createStored(sandbox.tenant);

let before: unknown;
beforeAll(async () => {
  const settings = { windows: ["all", "daily"], pastWindows: 2 };
  for (const board of ["board", "other"]) await begin(board, settings, [5, 4, 3, 2, 1]);
  await begin("parts", { ...settings, partitions: 3 }, [5, 4, 3, 2, 1]);
  await stranger.begin("board", settings, [5, 4, 3, 2, 1]);
  before = await stored.everything();
});
afterAll(async () => {
  expect(await stored.everything()).toEqual(before);
  stored.redis.disconnect();
  await sandbox.connection.close();
});

const seen = (answer: Answer) => [outcomeOf(answer), answer.json.errors?.[0].path];
const invalid = (path: string) => ["400 invalid_request", path];
/** What reads a window of a board. */
const reads: [string, (board: string, query: Record<string, string>) => Promise<Answer>][] = [
  ["a page", ranks],
  ["a member", (board, query) => member(board, "m0", query)],
  ["friends", (board, query) => batchGet(board, ["m0"], query)],
  ["a rank", (board, query) => rankOf(board, 1, query)],
];
const daysFromNow = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

describe.each(reads)("%s is not read", (_, read) => {
  test.each(["nothing", "BOARD", "board2"])("of the board %s, which is none", async (board) => {
    expect(seen(await read(board, {}))).toEqual(["404 board_unknown", undefined]);
  });

  test.each(["hourly", "ALL", "", "all,daily"])("of the window %j, which is none", async (window) => {
    expect(seen(await read("board", { window }))).toEqual(invalid("query.window"));
  });

  test.each(["board", "parts"])("of a window or of a day that the %s does not have", async (board) => {
    expect(outcomeOf(await read(board, { window: "weekly" }))).toBe("404 window_unknown");
    for (const days of [2, 30, -3, -4000]) {
      const answer = await read(board, { window: "daily", at: daysFromNow(days) });
      expect(outcomeOf(answer), `in ${days} days`).toBe("404 window_unknown");
    }
    const first = await read(board, { window: "daily", at: "1970-01-01" });
    const last = await read(board, { window: "daily", at: "9999-12-31" });
    expect([outcomeOf(first), outcomeOf(last)]).toEqual(["404 window_unknown", "404 window_unknown"]);
  });

  const dates = ["today", "", "2026-1-1", "2026-02-30", "2026-13-01", "20261120", "2026-11-20T00:00Z"];
  test.each([...dates, "1969-12-31", "10000-01-01", " 2026-11-20", "+12026-11-20"])("at %j", async (at) => {
    for (const window of ["all", "daily"])
      expect(seen(await read("board", { window, at }))).toEqual(invalid("query.at"));
  });

  test("with a parameter that nobody knows", async () => {
    expect(seen(await read("board", { page: "2" }))).toEqual(invalid("query"));
  });
});

test.each<[string, (board: string) => Promise<Answer>]>([
  ["read", (board) => caller.get(board)],
  ["written to", (board) => submit(board, [{ member: "a", score: 1 }])],
  ["freed of a member", (board) => caller.removeMember(board, "a")],
])("a board that is not there is not %s", async (_, call) => {
  expect(outcomeOf(await call("nothing"))).toBe("404 board_unknown");
  expect((await remove("nothing")).status, "to delete it is to find it gone").toBe(204);
});

test("a member that has no score is not found, and its removal is no error", async () => {
  for (const board of ["board", "parts"]) {
    expect(outcomeOf(await member(board, "nobody"))).toBe("404 member_unknown");
    expect(outcomeOf(await caller.removeMember(board, "nobody"))).toBe("204");
    expect((await batchGet(board, ["nobody"])).json).toEqual({ members: [] });
  }
});

test.each<[Record<string, string>, string]>([
  [{ limit: "0" }, "limit"],
  [{ limit: "1001" }, "limit"],
  [{ limit: "1.5" }, "limit"],
  [{ limit: "" }, "limit"],
  [{ offset: "1001" }, "offset"],
  [{ offset: "-1" }, "offset"],
  [{ minScore: "NaN" }, "minScore"],
  [{ minScore: "1e400" }, "minScore"],
  [{ minScore: "0x1F" }, "minScore"],
  [{ minScore: "" }, "minScore"],
  [{ minScore: " 1" }, "minScore"],
  [{ minScore: "1_000" }, "minScore"],
  [{ minScore: "(1" }, "minScore"],
  [{ maxScore: "Infinity" }, "maxScore"],
  [{ maxScore: "+inf" }, "maxScore"],
  [{ maxScore: "-1e400" }, "maxScore"],
  [{ minScore: "2", maxScore: "1" }, "minScore"],
  [{ minScore: "5e-324", maxScore: "0" }, "minScore"],
])("no page is read with %j", async (query, path) => {
  for (const board of ["board", "parts"])
    expect(seen(await ranks(board, query))).toEqual(invalid(`query.${path}`));
});

test("as many as are allowed are read, and an offset behind the end finds nobody", async () => {
  for (const board of ["board", "parts"]) {
    expect((await ranks(board, { limit: "1000" })).json.entries).toHaveLength(5);
    expect((await ranks(board, { offset: "1000" })).json).toEqual({ entries: [] });
    expect((await ranks(board, { minScore: "3", maxScore: "3" })).json.entries).toHaveLength(1);
    expect((await ranks(board, { minScore: "6" })).json).toEqual({ entries: [] });
    expect((await member(board, "m2", { around: "50" })).json.neighbours).toHaveLength(5);
  }
});

test("neighbours, friends and scores have their bounds too", async () => {
  for (const around of ["51", "-1", "x", ""])
    expect(seen(await member("board", "m0", { around }))).toEqual(invalid("query.around"));
  for (const members of [[], Array<string>(201).fill("m0")])
    expect(seen(await batchGet("board", members))).toEqual(invalid("body.members"));
  for (const name of ["", "m".repeat(257), "\0"])
    expect(seen(await batchGet("board", ["m0", name]))).toEqual(invalid("body.members.1"));
  for (const score of [Number.NaN, Number.POSITIVE_INFINITY])
    expect(seen(await rankOf("board", score))).toEqual(invalid("query.score"));
  expect(seen(await rankOf("board", 1, { score: "0b1" }))).toEqual(invalid("query.score"));
  expect(seen(await rankOf("board", 1, { member: "" }))).toEqual(invalid("query.member"));
  const scoreless = await sandbox.api("GET", "/v1/leaderboards/board/rank-of");
  expect(seen(scoreless)).toEqual(invalid("query.score"));
  const body = { members: ["m0"], window: "all" };
  const unknown = await sandbox.api("POST", "/v1/leaderboards/board/members/batch-get", { body });
  expect(seen(unknown)).toEqual(invalid("body"));
});

describe.each(["board", "parts"])("a cursor of the %s", (board) => {
  const page = async (query: Record<string, string>) => (await ranks(board, { limit: "2", ...query })).json;
  const cursorOf = async (query: Record<string, string> = {}): Promise<string> => (await page(query)).next;
  const REFUSED = invalid("query.cursor");

  test("is of use for its list alone", async () => {
    const cursor = await cursorOf({ window: "daily", maxScore: "4" });
    const list = { window: "daily", maxScore: "4", cursor };
    expect((await page(list)).entries).toHaveLength(2);
    expect(await page({ ...list, maxScore: "4.0e0" }), "written otherwise").toEqual(await page(list));
    const { maxScore, ...unbounded } = list;
    const { window, ...windowless } = list;
    const others = [
      unbounded,
      windowless,
      { ...list, window: "all" },
      { ...list, maxScore: "5" },
      { ...list, minScore: "0" },
      { ...list, at: daysFromNow(0) },
    ];
    for (const query of others)
      expect(seen(await ranks(board, query)), JSON.stringify(query)).toEqual(REFUSED);
    expect(seen(await ranks("other", list))).toEqual(REFUSED);
    expect(seen(await stranger.ranks("board", list))).toEqual(REFUSED);
  });

  test("leads to a page that is read as the one before was asked for", async () => {
    await expectConsistencyKept(sandbox.api, (query) => ranks(board, query));
  });

  test("is refused when it was changed, and beside an offset", async () => {
    const cursor = await cursorOf();
    const other = cursor.at(-4) === "A" ? "B" : "A";
    const changed = cursor.slice(0, -4) + other + cursor.slice(-3);
    const forged = Buffer.from(`000000000["1",0,0,"m0"]`).toString("base64url");
    for (const spoilt of ["", "A", "%", `${cursor}A`, `${cursor}=`, cursor.slice(4), changed, forged])
      expect(seen(await ranks(board, { cursor: spoilt })), spoilt).toEqual(REFUSED);
    for (const offset of ["0", "1"])
      expect(seen(await ranks(board, { cursor, offset }))).toEqual(invalid("query.offset"));
  });

  test("from before the board was deleted and made anew is refused", async () => {
    const settings = board === "parts" ? { partitions: 3 } : {};
    const name = `anew-${board}`;
    await begin(name, settings, [3, 2, 1]);
    const { next: cursor } = (await ranks(name, { limit: "1" })).json;
    expect((await ranks(name, { cursor })).json.entries).toHaveLength(2);
    await remove(name);
    expect(outcomeOf(await ranks(name, { cursor }))).toBe("404 board_unknown");
    await begin(name, settings, [3, 2, 1]);
    expect(seen(await ranks(name, { cursor }))).toEqual(REFUSED);
    expect((await put(name, { ...settings, capacity: 3 })).status).toBe(409);
    before = await stored.everything();
  });
});
