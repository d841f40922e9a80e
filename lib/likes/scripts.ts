import type { Result } from "ioredis";
import type { Script } from "../redis/script.ts";
import add from "./lua/add.lua" with { type: "text" };
import arrive from "./lua/arrive.lua" with { type: "text" };
import estimate from "./lua/estimate.lua" with { type: "text" };
import forget from "./lua/forget.lua" with { type: "text" };
import halfLife from "./lua/half_life.lua" with { type: "text" };
import like from "./lua/like.lua" with { type: "text" };
import look from "./lua/look.lua" with { type: "text" };
import note from "./lua/note.lua" with { type: "text" };
import page from "./lua/page.lua" with { type: "text" };
import replace from "./lua/replace.lua" with { type: "text" };
import take from "./lua/take.lua" with { type: "text" };
import tally from "./lua/tally.lua" with { type: "text" };
import trend from "./lua/trend.lua" with { type: "text" };
import unlike from "./lua/unlike.lua" with { type: "text" };
import untrend from "./lua/untrend.lua" with { type: "text" };

/** A script behind the functions that it calls: Lua has no include here. */
function script(...parts: string[]): string {
  return parts.join("\n");
}

/** The commands that likes add to their connection; the header of each script says what it takes and gives. */
export const likeScripts = {
  likeAdd: { lua: script(arrive, halfLife, trend, add, replace, tally, like), numberOfKeys: 7 },
  likeEstimate: { lua: script(arrive, halfLife, trend, tally, estimate), numberOfKeys: 7 },
  likeForget: { lua: forget, numberOfKeys: 2, keepsHouse: true },
  likeLook: { lua: script(tally, look), numberOfKeys: 3, readOnly: true },
  likeNote: { lua: script(arrive, note), numberOfKeys: 2 },
  likePage: { lua: page, numberOfKeys: 3, readOnly: true },
  likeTake: { lua: script(halfLife, untrend, take, replace, tally, unlike), numberOfKeys: 7 },
} satisfies Record<string, Script>;

export type TallyReply = [
  here: 0 | 1,
  at: string | null,
  given: string,
  size: number,
  others: number,
  partitions: string | null,
  estimate: string | null,
  ...counts: (string | null)[],
];

type Argument = string | number;

declare module "ioredis" {
  interface RedisCommander<Context> {
    likeAdd(...keysAndArguments: Argument[]): Result<TallyReply, Context>;
    likeEstimate(...keysAndArguments: Argument[]): Result<TallyReply, Context>;
    likeForget(liked: string, recent: string, ...subjects: string[]): Result<number, Context>;
    likeLook(...keysAndArguments: Argument[]): Result<TallyReply, Context>;
    likeNote(
      liked: string,
      recent: string,
      subject: string,
      withinMs: number,
      most: number,
    ): Result<1, Context>;
    likePage(
      members: string,
      given: string,
      counts: string,
      from: Argument,
      count: number,
    ): Result<[partitions: string | null, estimate: string | null, ...rows: string[]], Context>;
    likeTake(...keysAndArguments: Argument[]): Result<TallyReply, Context>;
  }
}
