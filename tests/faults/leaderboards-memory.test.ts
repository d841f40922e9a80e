import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningRedis } from "../../dev/redis/start-redis.ts";
import { type Answer, outcomeOf } from "../api.ts";
import { type Composition, composeLeaderboards } from "../composition.ts";
import { createCaller, type LeaderboardsCaller } from "../leaderboards/caller.ts";
import { createStored } from "../leaderboards/stored.ts";
import { fillUp, startUnevicting } from "./full-redis.ts";

let server: RunningRedis;
let sandbox: Composition<unknown>;
let caller: LeaderboardsCaller;
let stored: ReturnType<typeof createStored>;
beforeAll(async () => {
  server = await startUnevicting();
  sandbox = composeLeaderboards(server.url);
  caller = createCaller(sandbox.api);
  stored = createStored(sandbox.tenant, server.url);
});
afterAll(async () => {
  stored?.redis.disconnect();
  await sandbox?.connection.close();
  await server?.stop();
});

const FULL = "507 out_of_memory";
const SCORES = [50, 40, 40, 30, 20];
const DENSE = ["1 m0 50", "2 m1 40", "2 m2 40", "3 m3 30", "4 m4 20"];
const ORDINAL = ["1 m0 50", "2 m1 40", "3 m2 40", "4 m3 30", "5 m4 20"];

describe.each([
  { partitions: 1 },
  { partitions: 1, ranking: "dense" },
  { partitions: 3, capacity: 5 },
  { partitions: 3, ranking: "dense" },
])("on a full server a board of %j", (more) => {
  const board = JSON.stringify(more).replaceAll(/\W/g, "");
  const settings = { windows: ["all", "daily"], update: "last", pastWindows: 1, ...more };
  const dense = more.ranking === "dense";
  const whole = dense ? DENSE : ORDINAL;
  beforeAll(async () => {
    await caller.begin(board, settings, SCORES);
    await caller.begin(`unused-${board}`, settings);
    await fillUp(stored.redis);
  });
  afterAll(() => stored.redis.config("SET", "maxmemory", "0"));

  test.each<[string, () => Promise<Answer>]>([
    ["a score", () => caller.submit(board, [{ member: "new", score: 1 }])],
    ["a better score", () => caller.submit(board, [{ member: "m4", score: 60 }])],
    ["a score that goes away", () => caller.submit(board, [{ member: "m0", score: 40, metadata: null }])],
    [
      "many scores",
      () =>
        caller.submit(
          board,
          [..."abcdefgh"].map((member) => ({ member, score: 45 })),
        ),
    ],
    [
      "a score with a key",
      () => caller.submit(board, [{ member: "a", score: 9 }], { "idempotency-key": "k" }),
    ],
    ["the first score", () => caller.submit(`unused-${board}`, [{ member: "a", score: 1 }])],
    ["a new board", () => caller.put(`new-${board}`, settings)],
    ["a change of a board", () => caller.put(board, { ...settings, pastWindows: 2 })],
  ])("refuses %s with 507, and nothing is written", async (_, write) => {
    const before = await stored.everything();
    const answer = await write();
    expect(outcomeOf(answer)).toBe(FULL);
    expect(answer.text).not.toMatch(/OOM|maxmemory|script/i);
    expect(await stored.everything()).toEqual(before);
    expect(await caller.lines(board)).toEqual(whole);
  });

  test("is read as ever", async () => {
    expect(await caller.lines(board)).toEqual(whole);
    expect(await caller.lines(board, { window: "daily", maxScore: "40" })).toEqual(whole.slice(1));
    const { neighbours } = (await caller.member(board, "m3", { around: "1" })).json;
    expect(neighbours.map(({ member }: { member: string }) => member)).toEqual(["m2", "m3", "m4"]);
    expect((await caller.batchGet(board, ["m3"])).json.members[0].rank).toBe(dense ? 3 : 4);
    expect((await caller.rankOf(board, 30)).json.rank).toBe(dense ? 3 : 5);
    expect((await caller.get(board)).json.counts).toEqual({ all: 5, daily: 5 });
  });

  test("lets a member go, and is read", async () => {
    expect(outcomeOf(await caller.removeMember(board, "nobody"))).toBe("204");
    expect(outcomeOf(await caller.removeMember(board, "m0"))).toBe("204");
    expect(outcomeOf(await caller.member(board, "m0"))).toBe("404 member_unknown");
    expect((await caller.get(board)).json.counts).toEqual({ all: 4, daily: 4 });
    for (const window of ["all", "daily"])
      expect((await caller.ranks(board, { window })).json.entries).toHaveLength(4);
    expect((await caller.member(board, "m3")).status).toBe(200);
    expect((await caller.rankOf(board, 30)).status).toBe(200);
  });

  test("has exact ranks when there is room again, and takes scores", async () => {
    await stored.redis.config("SET", "maxmemory", "0");
    expect((await caller.member(board, "m3")).json.rank).toBe(dense ? 2 : 3);
    expect(await caller.lines(board)).toEqual(
      dense ? ["1 m1 40", "1 m2 40", "2 m3 30", "3 m4 20"] : ["1 m1 40", "2 m2 40", "3 m3 30", "4 m4 20"],
    );
    expect((await caller.submit(board, [{ member: "m3", score: 41 }])).json.results[0].windows.all.rank).toBe(
      1,
    );
    await stored.redis.config("SET", "maxmemory", "1");
  });

  test("can be deleted", async () => {
    for (const name of [board, `unused-${board}`]) {
      for (let time = 0; time < 2; time++) expect(outcomeOf(await caller.remove(name))).toBe("204");
      expect(outcomeOf(await caller.ranks(name))).toBe("404 board_unknown");
      expect((await stored.keys(name)).filter((key) => !/:(board|outcome-[\w-]+)$/.test(key))).toEqual([]);
    }
    await stored.redis.config("SET", "maxmemory", "0");
    await caller.begin(board, settings, [1]);
    expect(await caller.lines(board)).toEqual(["1 m0 1"]);
  });
});

test("dense ranks are exact also while there is no room, after a member went", async () => {
  await caller.begin("exact", { partitions: 3, ranking: "dense" }, SCORES);
  await caller.lines("exact");
  await stored.redis.config("SET", "maxmemory", "1");
  await caller.removeMember("exact", "m0");
  const page = await caller.lines("exact");
  const { rank } = (await caller.member("exact", "m3")).json;
  await stored.redis.config("SET", "maxmemory", "0");
  expect([page[2], rank]).toEqual(["2 m3 30", 2]);
});
