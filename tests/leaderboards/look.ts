import type { LeaderboardsCaller } from "./caller.ts";

/** All that can be read of a board with the windows `all` and `daily`, on which `m3` is. */
export async function look(calls: LeaderboardsCaller, board: string): Promise<unknown> {
  const daily = await calls.ranks(board, { window: "daily", limit: "3", minScore: "15", maxScore: "60" });
  return [
    (await calls.get(board)).text,
    (await calls.ranks(board)).text,
    daily.json.entries,
    (await calls.member(board, "m3", { around: "2" })).text,
    (await calls.batchGet(board, ["m0", "m7", "new"])).text,
    (await calls.rankOf(board, 25)).text,
  ];
}
