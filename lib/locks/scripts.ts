import type { Result } from "ioredis";
import type { Script } from "../redis/script.ts";
import acquire from "./lua/acquire.lua" with { type: "text" };
import extend from "./lua/extend.lua" with { type: "text" };
import forget from "./lua/forget.lua" with { type: "text" };
import grant from "./lua/grant.lua" with { type: "text" };
import look from "./lua/look.lua" with { type: "text" };
import outlive from "./lua/outlive.lua" with { type: "text" };
import recall from "./lua/recall.lua" with { type: "text" };
import release from "./lua/release.lua" with { type: "text" };
import stand from "./lua/stand.lua" with { type: "text" };
import visit from "./lua/visit.lua" with { type: "text" };
import wait from "./lua/wait.lua" with { type: "text" };
import watch from "./lua/watch.lua" with { type: "text" };

/** A script behind the functions that it calls. */
function script(...parts: string[]): string {
  return parts.join("\n");
}

/** The commands that locks add to their connection; the header of each script says what it takes and gives. */
export const lockScripts = {
  lockAcquire: { lua: script(outlive, forget, stand, visit, grant, wait, watch, recall, acquire) },
  lockExtend: { lua: script(outlive, extend), numberOfKeys: 4 },
  lockLook: { lua: look, numberOfKeys: 4, readOnly: true },
  lockRelease: { lua: release, numberOfKeys: 6 },
} satisfies Record<string, Script>;

export type AcquireReply =
  | ["granted", nonce: string, now: number, ...string[]]
  | [
      "held",
      nonce: string,
      before: number,
      endsInMs: number,
      way: number,
      grant: string,
      ...wakings: string[],
    ]
  | ["lost" | "reused" | "mismatch" | "full"];

/** Last fencing token, permits, holders, waiting, and of each holder claim, end and text of its grant. */
export type LookReply = [string | null, string | null, number, number, ...string[]];

declare module "ioredis" {
  interface RedisCommander<Context> {
    lockAcquire(
      numberOfKeys: number,
      ...keysAndArguments: readonly (string | number)[]
    ): Result<AcquireReply, Context>;
    lockExtend(
      fence: string,
      holders: string,
      grants: string,
      outcome: string,
      claim: string,
      ttlMs: number,
      mostExtensions: number,
      fencingMs: number,
      rememberMs: number,
    ): Result<string, Context>;
    lockLook(
      fence: string,
      holders: string,
      grants: string,
      beats: string,
      most: number,
    ): Result<LookReply, Context>;
    lockRelease(
      holders: string,
      grants: string,
      queue: string,
      beats: string,
      wake: string,
      outcome: string,
      claim: string,
      rememberMs: number,
    ): Result<0 | 1, Context>;
  }
}
