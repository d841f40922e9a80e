import { cacheContract } from "../../lib/cache/contract.ts";
import type { Contract } from "../../lib/http/contract.ts";
import { leaderboardsContract } from "../../lib/leaderboards/contract.ts";
import { likesContract } from "../../lib/likes/contract.ts";
import { locksContract } from "../../lib/locks/contract.ts";
import { sessionsContract } from "../../lib/sessions/contract.ts";
import { tokensContract } from "../../lib/tokens/contract.ts";
import { createApi, uniqueTenant } from "../api.ts";
import type { Composition } from "../composition.ts";
import type { FunctionName, SandboxProcess } from "./sandbox-process.ts";
import { FEATURES, type Writes } from "./writers.ts";

/** A feature of a sandbox: something that writes, and finds what it wrote. */
export interface Feature extends Writes {
  readonly api: Composition["api"];
}

const CONTRACTS: Readonly<Record<FunctionName, Contract>> = {
  cache: cacheContract,
  sessions: sessionsContract,
  tokens: tokensContract,
  leaderboards: leaderboardsContract,
  likes: likesContract,
  locks: locksContract,
};

/** The feature in a process that has loaded its function. */
export async function featureOf(
  sandbox: SandboxProcess,
  name: FunctionName,
  tenant = uniqueTenant(),
): Promise<Feature> {
  const api = createApi(sandbox.handlerOf(name), CONTRACTS[name], tenant);
  return { api, ...(await FEATURES[name].writes(api)) };
}
