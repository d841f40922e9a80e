import { describe } from "vitest";
import { leaderboardsContract } from "../../lib/leaderboards/contract.ts";
import { outcomeOf } from "../api.ts";
import { composeLeaderboards } from "../composition.ts";
import { createCaller } from "../leaderboards/caller.ts";
import { look as lookWith } from "../leaderboards/look.ts";
import { ENTRIES, SCORES } from "./leaderboards-entries.ts";
import { describeLostReplies, type Operation, startCallers } from "./lost-replies.ts";

const { line, caller, other } = await startCallers(composeLeaderboards, createCaller);

const look = (board: string) => lookWith(other, board);

/** The boards on which it is tried. */
const boards: [string, object][] = [
  ["one partition", {}],
  ["one partition, dense ranks and room for six", { ranking: "dense", capacity: 6 }],
  ["three partitions and room for six", { partitions: 3, capacity: 6 }],
  ["three partitions and dense ranks", { partitions: 3, ranking: "dense" }],
];

describe.each(boards)("with %s", (_, more) => {
  const settings = { update: "sum", windows: ["all", "daily"], ...more };
  const prepare = (board: string) => other.begin(board, settings, SCORES);
  const operations: Record<string, Operation> = {
    "a submission": {
      of: "submitScores",
      prepare,
      run: (board) => caller.submit(board, ENTRIES),
      state: look,
    },
    "a submission with a key": {
      of: "submitScores",
      prepare,
      run: (board) => caller.submit(board, ENTRIES, { "idempotency-key": "k" }),
      state: look,
    },
    "the first submission": {
      of: "submitScores",
      prepare: (board) => other.begin(board, settings),
      run: (board) => caller.submit(board, ENTRIES),
      state: look,
    },
    "the removal of a member": {
      of: "deleteMember",
      prepare,
      run: (board) => caller.removeMember(board, "m1"),
      state: look,
    },
    "a new board": {
      of: "putBoard",
      run: (board) => caller.put(board, settings),
      state: async (board) => [(await other.submit(board, ENTRIES)).text, await look(board)],
    },
    "a change of a board": {
      of: "putBoard",
      prepare,
      run: (board) => caller.put(board, { ...settings, pastWindows: 3 }),
      state: look,
    },
    "a change that is refused": {
      of: "putBoard",
      prepare,
      run: (board) => caller.put(board, { ...settings, ties: "last" }),
      state: look,
    },
    "the end of a board": {
      of: "deleteBoard",
      prepare,
      run: (board) => caller.remove(board),
      state: async (board) => [outcomeOf(await other.get(board)), outcomeOf(await other.ranks(board))],
    },
    "the end of a board, and another begins,": {
      of: "deleteBoard",
      prepare,
      run: (board) => caller.remove(board),
      state: async (board) => {
        await other.begin(board, { ...settings, order: "asc" }, [1]);
        return (await other.ranks(board)).text;
      },
    },
  };
  describeLostReplies(leaderboardsContract, operations, () => line, /urn:uuid:[\w-]+/g);
});
