import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { leaderboardKeys } from "../../lib/redis/keys.ts";
import type { Answer } from "../api.ts";
import { type Composition, composeLeaderboards } from "../composition.ts";
import { createCaller, type LeaderboardsCaller } from "./caller.ts";

const MEMBERS = 1_000_000;
const CHUNK = 20_000;
/** So many of them have the lowest score. */
const TIED = 200_000;
const SLOW_US = 5000;
/** A busy machine may stop the server for a while: what is slow by itself is slow every time. */
const TIMES = 4;
const BOARDS = 2;

/** Writes members as the library does: ten of each score, first come first, and many of score 0. */
const FILL = `
local tied = tonumber(ARGV[3])
for first = ARGV[1], ARGV[2] - 1, 1000 do
  local ranks, stamps, levels = {}, {}, {}
  for number = first, first + 999 do
    local member = string.format('m%07d', number)
    local stamp = string.format('%013x', 1700000000000000 + number)
    local score = number < tied and 0 or -math.floor(number / 10)
    ranks[#ranks + 1], ranks[#ranks + 2] = score, stamp .. member
    stamps[#stamps + 1], stamps[#stamps + 2] = member, stamp
    if number % 10 == 0 then levels[#levels + 1], levels[#levels + 2] = score, score end
  end
  redis.call('ZADD', KEYS[1], unpack(ranks))
  redis.call('HSET', KEYS[2], unpack(stamps))
  redis.call('ZADD', KEYS[3], unpack(levels))
end`;

let server: RunningRedis;
let sandbox: Composition<unknown>;
let caller: LeaderboardsCaller;
let admin: Redis;
beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
  sandbox = composeLeaderboards(server.url);
  caller = createCaller(sandbox.api);
  const keysOf = (board: string) => {
    const { ranks, stamps, levels } = leaderboardKeys.window(sandbox.tenant, board, 0, "all");
    return [ranks, stamps, levels];
  };
  for (let number = 0; number < BOARDS; number++) {
    await caller.begin(`board-${number}`, { ranking: "dense" }, [1]);
    await caller.removeMember(`board-${number}`, "m0");
  }
  for (let from = 0; from < MEMBERS; from += CHUNK)
    await admin.eval(FILL, 3, ...keysOf("board-0"), from, from + CHUNK, TIED);
  for (let time = 1; time < TIMES; time++) {
    for (const [at, key] of keysOf("board-0").entries())
      await admin.copy(key, keysOf(`board-${time}`)[at] ?? "");
  }
  await admin.config("SET", "slowlog-log-slower-than", SLOW_US);
}, 120_000);
afterAll(async () => {
  admin?.disconnect();
  await sandbox?.connection.close();
  server?.kill("SIGKILL");
  await server?.exited;
});

/** What took the server too long while something was done. */
async function slowOnes(run: () => Promise<Answer>): Promise<string[]> {
  await admin.slowlog("RESET");
  const answer = await run();
  expect(answer.status, answer.text).toBeLessThan(300);
  const entries = (await admin.slowlog("GET", 128)) as [number, number, number, string[]][];
  return entries.map(([, , microseconds, words]) => `${microseconds} us: ${words.join(" ").slice(0, 300)}`);
}

describe("on a board of a million members", () => {
  const BOARD = "board-0";
  const many = Array.from({ length: 200 }, (_, at) => `m${String(at * 4999).padStart(7, "0")}`);
  const cursors: string[] = [];
  beforeAll(async () => {
    const tied = await caller.ranks(BOARD, { limit: "5", maxScore: "0" });
    cursors.push(tied.json.next);
    await caller.removeMember(BOARD, tied.json.entries.at(-1).member); // the page goes on behind nobody
    cursors.push((await caller.ranks(BOARD, { limit: "1000", offset: "1000" })).json.next);
  });

  test.each<[string, () => Promise<Answer>]>([
    ["read the first page", () => caller.ranks(BOARD, { limit: "100" })],
    ["read behind an offset", () => caller.ranks(BOARD, { limit: "100", offset: "1000" })],
    ["read a page after another", () => caller.ranks(BOARD, { limit: "100", cursor: cursors[1] ?? "" })],
    [
      "read a page behind somebody who is gone, among all who have the same score",
      () => caller.ranks(BOARD, { limit: "100", maxScore: "0", cursor: cursors[0] ?? "" }),
    ],
    ["read a range of scores", () => caller.ranks(BOARD, { minScore: "50000", maxScore: "60000" })],
    [
      "read a member in its midst and who is next to it",
      () => caller.member(BOARD, "m0500000", { around: "50" }),
    ],
    ["read the last member and who is next to it", () => caller.member(BOARD, "m0199999", { around: "50" })],
    ["read two hundred friends", () => caller.batchGet(BOARD, many)],
    ["rank a score", () => caller.rankOf(BOARD, 0)],
    ["read the board", () => caller.get(BOARD)],
    ["submit a score that is the best", () => caller.submit(BOARD, [{ member: "m0000001", score: 1e9 }])],
    ["submit a score as many have", () => caller.submit(BOARD, [{ member: "new", score: 0 }])],
    ["remove a member", () => caller.removeMember(BOARD, "m0100000")],
    ["change the board", () => caller.put(BOARD, { ranking: "dense", pastWindows: 3 })],
  ])("it never takes the server more than 5 ms to %s", async (_, run) => {
    const seen: string[][] = [];
    for (let time = 0; time < TIMES && seen.at(-1)?.length !== 0; time++) seen.push(await slowOnes(run));
    expect(seen.at(-1)).toEqual([]);
  });
});

test("a board of a million members is deleted without holding up the server for 5 ms", async () => {
  const seen: string[][] = [];
  for (let number = 0; number < BOARDS; number++)
    seen.push(await slowOnes(() => caller.remove(`board-${number}`)));
  expect(Math.min(...seen.map(({ length }) => length)), JSON.stringify(seen)).toBe(0);
  expect((await caller.get("board-1")).status).toBe(404);
  const counts = [...(await admin.info()).matchAll(/lazyfree(?:d|_pending)_objects:(\d+)/g)];
  const freed = counts.reduce((sum, [, count]) => sum + Number(count), 0);
  expect(freed, "in the background").toBeGreaterThanOrEqual(3 * BOARDS);
});
