import type { Result } from "ioredis";
import type { Script } from "../redis/script.ts";
import issue from "./lua/issue.lua" with { type: "text" };
import list from "./lua/list.lua" with { type: "text" };
import refresh from "./lua/refresh.lua" with { type: "text" };
import revoke from "./lua/revoke.lua" with { type: "text" };

/** The commands that tokens add to their connection; the header of each script says what it takes and gives. */
export const tokenScripts = {
  tokenIssue: { lua: issue, numberOfKeys: 3 },
  tokenList: { lua: list, numberOfKeys: 1, keepsHouse: true },
  tokenRefresh: { lua: refresh, numberOfKeys: 4 },
  tokenRevoke: { lua: revoke, numberOfKeys: 2 },
} satisfies Record<string, Script>;

export type RefreshReply =
  | ["rotated", scope: string, lifeMs: string]
  | ["replayed", scope: string, lifeMs: string, sealed: string]
  | ["reused", head: string]
  | ["invalid"]
  | ["invalid_scope"];

declare module "ioredis" {
  interface RedisCommander<Context> {
    tokenIssue(
      grant: string,
      ends: string,
      access: string,
      name: string,
      head: string,
      family: string,
      refreshDigest: string,
      familyMs: number,
      accessMs: number,
      maxPerUser: number,
    ): Result<0 | 1, Context>;
    tokenList(ends: string, after: string, count: number): Result<string[], Context>;
    tokenRefresh(
      grant: string,
      ends: string,
      access: string,
      sealedPair: string,
      name: string,
      family: string,
      presentedDigest: string,
      refreshDigest: string,
      sealed: string,
      accessMs: number,
      graceMs: number,
      presented: string,
      rememberMs: number,
    ): Result<RefreshReply, Context>;
    tokenRevoke(
      grant: string,
      ends: string,
      name: string,
      family: string,
      rememberMs: number,
    ): Result<0 | 1, Context>;
  }
}
