import type { Answer } from "../api.ts";
import {
  type Composition,
  type CompositionOptions,
  composeCache,
  composeLeaderboards,
  composeSessions,
  composeTokens,
} from "../composition.ts";
import { createCaller as callLeaderboards } from "../leaderboards/caller.ts";
import { createCaller as callSessions } from "../sessions/caller.ts";
import { createCaller as callTokens } from "../tokens/caller.ts";

/** A feature as whoever makes faults sees it: something that writes, and can tell whether a write is there. */
export interface Writer {
  readonly sandbox: Composition<unknown>;
  /** One write, never twice with the same id. */
  write(id: string): Promise<Answer>;
  /** Reads what a write has left. */
  read(id: string): Promise<Answer>;
  /** Whether a write that was acknowledged is there, once. */
  isThere(id: string): Promise<boolean>;
}

/** One sandbox of a feature at that Redis. */
export type StartWriter = (redisUrl: string, options?: CompositionOptions) => Promise<Writer>;

const startCache: StartWriter = async (redisUrl, options) => {
  const sandbox = composeCache(redisUrl, options);
  const path = (id: string) => `/v1/cache/entries/${id}`;
  const read = (id: string) => sandbox.api("GET", path(id));
  return {
    sandbox,
    write: (id) =>
      sandbox.api("PUT", path(id), {
        body: id,
        headers: { "cache-groups": '"all"', "cache-control": "max-age=900" },
      }),
    read,
    isThere: async (id) => (await read(id)).text === id,
  };
};

const startSessions: StartWriter = async (redisUrl, options) => {
  const sandbox = composeSessions(redisUrl, options);
  const { create, verify } = callSessions(sandbox.api);
  const tokens = new Map<string, string>();
  const read = (id: string) => verify(tokens.get(id) ?? "none.none");
  return {
    sandbox,
    async write(id) {
      const answer = await create({ userId: id });
      if (answer.status < 300) tokens.set(id, answer.json.token);
      return answer;
    },
    read,
    isThere: async (id) => (await read(id)).status === 200,
  };
};

const startTokens: StartWriter = async (redisUrl, options) => {
  const sandbox = composeTokens(redisUrl, options);
  const { issue, introspect } = callTokens(sandbox.api);
  const tokens = new Map<string, string>();
  const read = (id: string) => introspect(tokens.get(id) ?? "none.none");
  return {
    sandbox,
    async write(id) {
      const answer = await issue({ userId: id, clientId: "app", scope: "read" });
      if (answer.status < 300) tokens.set(id, answer.json.access_token);
      return answer;
    },
    read,
    isThere: async (id) => (await read(id)).json.active === true,
  };
};

/** A score that is added: a write that ran twice shows. */
const startLeaderboards: StartWriter = async (redisUrl, options) => {
  const sandbox = composeLeaderboards(redisUrl, options);
  const { put, submit, member } = callLeaderboards(sandbox.api);
  const board = `board-${sandbox.tenant}`;
  await put(board, { update: "sum", partitions: 4 });
  const read = (id: string) => member(board, id);
  return {
    sandbox,
    write: (id) => submit(board, [{ member: id, score: 1 }], { "idempotency-key": id }),
    read,
    isThere: async (id) => (await read(id)).json.score === 1,
  };
};

/** Every feature that writes. */
export const FEATURES: Readonly<Record<string, StartWriter>> = {
  cache: startCache,
  sessions: startSessions,
  tokens: startTokens,
  leaderboards: startLeaderboards,
};

/** One of each feature; close them with `closeAll`. */
export async function startWriters(
  redisUrl: string,
  options?: CompositionOptions,
): Promise<Record<string, Writer>> {
  const started = Object.entries(FEATURES).map(
    async ([name, start]) => [name, await start(redisUrl, options)] as const,
  );
  return Object.fromEntries(await Promise.all(started));
}

export async function closeAll(writers: Readonly<Record<string, Writer>>): Promise<void> {
  await Promise.all(Object.values(writers).map(({ sandbox }) => sandbox.connection.close()));
}
