import { cacheContract } from "../lib/cache/contract.ts";
import { healthContract } from "../lib/health/contract.ts";
import type { Contract } from "../lib/http/contract.ts";
import { leaderboardsContract } from "../lib/leaderboards/contract.ts";
import { likesContract } from "../lib/likes/contract.ts";
import { locksContract } from "../lib/locks/contract.ts";
import { openapiContract } from "../lib/openapi/contract.ts";
import { opsContract } from "../lib/ops/contract.ts";
import { sessionsContract } from "../lib/sessions/contract.ts";
import { tokensContract } from "../lib/tokens/contract.ts";

/** The contract of each function that answers HTTP, by the function's name. */
export const contracts: Record<
  "cache" | "sessions" | "tokens" | "leaderboards" | "likes" | "locks" | "ops" | "health" | "openapi",
  Contract
> = {
  cache: cacheContract,
  sessions: sessionsContract,
  tokens: tokensContract,
  leaderboards: leaderboardsContract,
  likes: likesContract,
  locks: locksContract,
  ops: opsContract,
  health: healthContract,
  openapi: openapiContract,
};
