import type { Result } from "ioredis";
import type { Script } from "../redis/script.ts";
import create from "./lua/create.lua" with { type: "text" };
import end from "./lua/end.lua" with { type: "text" };
import find from "./lua/find.lua" with { type: "text" };
import list from "./lua/list.lua" with { type: "text" };
import patch from "./lua/patch.lua" with { type: "text" };
import rotate from "./lua/rotate.lua" with { type: "text" };

/** The commands that sessions add to their connection; the header of each script says what it takes and gives. */
export const sessionScripts = {
  sessionCreate: { lua: create, numberOfKeys: 3 },
  sessionEnd: { lua: end, numberOfKeys: 2 },
  sessionFind: { lua: find, numberOfKeys: 3, keepsHouse: true },
  sessionList: { lua: list, numberOfKeys: 2, keepsHouse: true },
  sessionPatch: { lua: patch, numberOfKeys: 4 },
  sessionRotate: { lua: rotate, numberOfKeys: 3 },
} satisfies Record<string, Script>;

/** State; and of a live session head, created, last seen, ends, version, data. */
export type FindReply =
  | ["live", string, string, string, string, string, string | null]
  | ["unknown" | "expired" | "revoked"];

declare module "ioredis" {
  interface RedisCommander<Context> {
    sessionCreate(
      session: string,
      ends: string,
      seen: string,
      name: string,
      head: string,
      digest: string,
      data: string,
      outliveMs: number,
      maxPerUser: number,
    ): Result<[created: string, evicted: string], Context>;
    sessionEnd(ends: string, seen: string, names: string): Result<number, Context>;
    sessionFind(
      session: string,
      ends: string,
      seen: string,
      name: string,
      digest: string,
      outliveMs: number,
      touchMs: number,
    ): Result<FindReply, Context>;
    sessionList(ends: string, seen: string, after: string, count: number): Result<string[], Context>;
    sessionPatch(
      session: string,
      ends: string,
      seen: string,
      outcome: string,
      name: string,
      patch: string,
      versions: string,
      maxBytes: number,
      maxMembers: number,
      outliveMs: number,
      rememberMs: number,
    ): Result<FindReply | ["precondition_failed"] | ["too_large"], Context>;
    sessionRotate(
      session: string,
      ends: string,
      seen: string,
      name: string,
      digest: string,
      graceMs: number,
      maxTokens: number,
      outliveMs: number,
    ): Result<FindReply, Context>;
  }
}
