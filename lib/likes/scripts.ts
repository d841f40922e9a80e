import type { Result } from "ioredis";
import type { Script } from "../redis/script.ts";
import add from "./lua/add.lua" with { type: "text" };
import estimate from "./lua/estimate.lua" with { type: "text" };
import like from "./lua/like.lua" with { type: "text" };
import look from "./lua/look.lua" with { type: "text" };
import now from "./lua/now.lua" with { type: "text" };
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
  likeAdd: { lua: script(now, trend, add, replace, tally, like) },
  likeEstimate: { lua: script(now, trend, tally, estimate) },
  likeLook: { lua: script(tally, look), numberOfKeys: 3, readOnly: true },
  likePage: { lua: page, numberOfKeys: 3, readOnly: true },
  likeTake: { lua: script(untrend, take, replace, tally, unlike) },
} satisfies Record<string, Script>;

/**
 * What came of a user in a partition: all that was asked; or nothing, as they can only be in their other partition; or
 * nothing more, as the same call may have taken them out before.
 */
export type Found = "here" | "elsewhere" | "gone";

export type TallyReply = [
  found: Found,
  at: string | number | null,
  given: string,
  size: number,
  others: number,
  partitions: string | null,
  estimate: string | null,
  ...counts: (string | null)[],
];

export type PageReply = [partitions: string | null, estimate: string | null, ...rows: string[]];

type Argument = string | number;

declare module "ioredis" {
  interface RedisCommander<Context> {
    likeAdd(keys: number, ...keysAndArguments: Argument[]): Result<TallyReply | "touched", Context>;
    likeEstimate(keys: number, ...keysAndArguments: Argument[]): Result<TallyReply | "touched", Context>;
    likeLook(...keysAndArguments: Argument[]): Result<TallyReply, Context>;
    likePage(
      members: string,
      given: string,
      counts: string,
      from: Argument,
      count: number,
    ): Result<PageReply, Context>;
    likeTake(keys: number, ...keysAndArguments: Argument[]): Result<TallyReply | "touched", Context>;
  }
}
