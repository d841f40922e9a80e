import type { Result } from "ioredis";
import type { Script } from "../redis/script.ts";
import adopt from "./lua/adopt.lua" with { type: "text" };
import answer from "./lua/answer.lua" with { type: "text" };
import apply from "./lua/apply.lua" with { type: "text" };
import before from "./lua/before.lua" with { type: "text" };
import claim from "./lua/claim.lua" with { type: "text" };
import clear from "./lua/clear.lua" with { type: "text" };
import close from "./lua/close.lua" with { type: "text" };
import count from "./lua/count.lua" with { type: "text" };
import deliver from "./lua/deliver.lua" with { type: "text" };
import describe from "./lua/describe.lua" with { type: "text" };
import drop from "./lua/drop.lua" with { type: "text" };
import evaluate from "./lua/evaluate.lua" with { type: "text" };
import evict from "./lua/evict.lua" with { type: "text" };
import find from "./lua/find.lua" with { type: "text" };
import hold from "./lua/hold.lua" with { type: "text" };
import keep from "./lua/keep.lua" with { type: "text" };
import lookup from "./lua/lookup.lua" with { type: "text" };
import metadata from "./lua/metadata.lua" with { type: "text" };
import notes from "./lua/notes.lua" with { type: "text" };
import pending from "./lua/pending.lua" with { type: "text" };
import place from "./lua/place.lua" with { type: "text" };
import put from "./lua/put.lua" with { type: "text" };
import remove from "./lua/remove.lua" with { type: "text" };
import settle from "./lua/settle.lua" with { type: "text" };
import slice from "./lua/slice.lua" with { type: "text" };
import submit from "./lua/submit.lua" with { type: "text" };
import trim from "./lua/trim.lua" with { type: "text" };
import use from "./lua/use.lua" with { type: "text" };
import visit from "./lua/visit.lua" with { type: "text" };
import worst from "./lua/worst.lua" with { type: "text" };

/** A script behind the functions that it calls: Lua has no include here. */
function script(...parts: string[]): string {
  return parts.join("\n");
}

/** The commands that leaderboards add to their connection; the header of each script says what it takes and gives. */
export const leaderboardScripts = {
  leaderboardAdopt: { lua: adopt, numberOfKeys: 1 },
  leaderboardAnswer: { lua: answer, numberOfKeys: 1 },
  leaderboardClaim: { lua: script(visit, claim), numberOfKeys: 2 },
  leaderboardClear: { lua: clear },
  leaderboardClose: { lua: close, numberOfKeys: 2 },
  leaderboardCount: { lua: script(visit, before, count), numberOfKeys: 2, readOnly: true },
  leaderboardDeliver: { lua: script(visit, hold, deliver) },
  leaderboardEvict: { lua: script(visit, find, drop, settle, evict), numberOfKeys: 6 },
  leaderboardKeep: { lua: script(visit, keep) },
  leaderboardLookup: { lua: script(visit, find, place, lookup), numberOfKeys: 5, readOnly: true },
  leaderboardPending: { lua: script(visit, notes, pending), numberOfKeys: 3, readOnly: true },
  leaderboardPut: { lua: put, numberOfKeys: 2 },
  leaderboardRemove: { lua: script(visit, find, drop, settle, remove) },
  leaderboardSlice: { lua: script(visit, find, before, metadata, slice), numberOfKeys: 5, readOnly: true },
  leaderboardSubmit: {
    lua: script(visit, find, place, drop, settle, evaluate, apply, describe, notes, submit),
  },
  leaderboardTrim: { lua: script(visit, trim), numberOfKeys: 2 },
  leaderboardUse: { lua: script(visit, use), numberOfKeys: 1 },
  leaderboardWorst: { lua: script(visit, worst), numberOfKeys: 2, readOnly: true },
} satisfies Record<string, Script>;

type Argument = string | number;

declare module "ioredis" {
  interface RedisCommander<Context> {
    leaderboardAdopt(board: string, version: string, ...fields: Argument[]): Result<1, Context>;
    leaderboardAnswer(outcome: string, answer: string): Result<1, Context>;
    leaderboardClaim(
      board: string,
      outcome: string,
      version: string,
      digest: string,
      rememberMs: number,
    ): Result<[answer: string] | string, Context>;
    leaderboardClear(keys: number, ...keysAndArguments: Argument[]): Result<1, Context>;
    leaderboardClose(
      board: string,
      outcome: string,
      rememberMs: number,
    ): Result<
      [settings: string, version: string, created: string, widest: string, longest: string] | null,
      Context
    >;
    leaderboardCount(board: string, counted: string, ...rest: Argument[]): Result<number[] | string, Context>;
    leaderboardDeliver(keys: number, ...keysAndArguments: Argument[]): Result<number[] | string, Context>;
    leaderboardEvict(board: string, notes: string, ...rest: Argument[]): Result<string[] | string, Context>;
    leaderboardKeep(keys: number, ...keysAndArguments: Argument[]): Result<1 | string, Context>;
    leaderboardLookup(board: string, ...rest: Argument[]): Result<string[] | string, Context>;
    leaderboardPending(
      board: string,
      notes: string,
      delivered: string,
      ...rest: Argument[]
    ): Result<string[] | string, Context>;
    leaderboardPut(
      board: string,
      outcome: string,
      rememberMs: number,
      fixed: string,
      capacity: number,
      partitions: number,
      pastWindows: number,
      settings: string,
      ...fields: Argument[]
    ): Result<
      ["created" | "changed", version: string, unkept: string | null] | ["fixed"] | ["deleting"],
      Context
    >;
    leaderboardRemove(keys: number, ...keysAndArguments: Argument[]): Result<number | string, Context>;
    leaderboardSlice(board: string, ...rest: Argument[]): Result<(string | number)[] | string, Context>;
    leaderboardSubmit(
      keys: number,
      ...keysAndArguments: Argument[]
    ): Result<(string | number)[] | string, Context>;
    leaderboardTrim(board: string, notes: string, ...rest: Argument[]): Result<number | string, Context>;
    leaderboardUse(board: string, version: string): Result<number | string, Context>;
    leaderboardWorst(
      board: string,
      ranks: string,
      ...rest: Argument[]
    ): Result<(string | number)[] | string, Context>;
  }
}
