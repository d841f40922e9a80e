import { cacheContract } from "../../lib/cache/contract.ts";
import type { Contract } from "../../lib/http/contract.ts";
import { leaderboardsContract } from "../../lib/leaderboards/contract.ts";
import { sessionsContract } from "../../lib/sessions/contract.ts";
import { tokensContract } from "../../lib/tokens/contract.ts";
import { type Answer, createApi, uniqueTenant } from "../api.ts";
import type { Composition } from "../composition.ts";
import { createCaller as callLeaderboards } from "../leaderboards/caller.ts";
import { createCaller as callSessions } from "../sessions/caller.ts";
import { createCaller as callTokens } from "../tokens/caller.ts";
import type { FunctionName, SandboxProcess } from "./sandbox-process.ts";

type Api = Composition["api"];

/** A feature of a sandbox: something that writes, and finds what it wrote. */
export interface Feature {
  readonly api: Api;
  /** One write, never twice with the same id. */
  write(id: string): Promise<Answer>;
  /** Whether a write that was acknowledged is there, once. */
  isThere(id: string): Promise<boolean>;
}

const CONTRACTS: Readonly<Record<FunctionName, Contract>> = {
  cache: cacheContract,
  sessions: sessionsContract,
  tokens: tokensContract,
  leaderboards: leaderboardsContract,
};

const BOARD = "board";

const CALLERS: Readonly<Record<FunctionName, (api: Api) => Omit<Feature, "api">>> = {
  cache(api) {
    const path = (id: string) => `/v1/cache/entries/${id}`;
    return {
      write: (id) => api("PUT", path(id), { body: id }),
      isThere: async (id) => (await api("GET", path(id))).text === id,
    };
  },
  sessions(api) {
    const { create, verify } = callSessions(api);
    const tokens = new Map<string, string>();
    return {
      async write(id) {
        const answer = await create({ userId: id });
        if (answer.status === 201) tokens.set(id, answer.json.token);
        return answer;
      },
      isThere: async (id) => (await verify(tokens.get(id) ?? "none.none")).status === 200,
    };
  },
  tokens(api) {
    const { issue, isActive } = callTokens(api);
    const tokens = new Map<string, string>();
    return {
      async write(id) {
        const answer = await issue({ userId: id, clientId: "app", scope: "read" });
        if (answer.status === 200) tokens.set(id, answer.json.access_token);
        return answer;
      },
      isThere: (id) => isActive(tokens.get(id) ?? "none.none"),
    };
  },
  /** A score that is added: a write that ran twice shows. */
  leaderboards(api) {
    const { submit, member } = callLeaderboards(api);
    return {
      write: (id) => submit(BOARD, [{ member: id, score: 1 }], { "idempotency-key": id }),
      isThere: async (id) => (await member(BOARD, id)).json.score === 1,
    };
  },
};

/** The feature in a process that has loaded its function. */
export async function featureOf(
  sandbox: SandboxProcess,
  name: FunctionName,
  tenant = uniqueTenant(),
): Promise<Feature> {
  const api = createApi(sandbox.handlerOf(name), CONTRACTS[name], tenant);
  if (name === "leaderboards") await callLeaderboards(api).put(BOARD, { update: "sum" });
  return { api, ...CALLERS[name](api) };
}
