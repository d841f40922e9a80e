import type { Answer } from "../api.ts";
import {
  type Composition,
  type CompositionOptions,
  composeCache,
  composeLeaderboards,
  composeLikes,
  composeLocks,
  composeSessions,
  composeTokens,
  until,
} from "../composition.ts";
import { createCaller as callLeaderboards } from "../leaderboards/caller.ts";
import { createCaller as callLikes } from "../likes/caller.ts";
import { createCaller as callLocks } from "../locks/caller.ts";
import { createCaller as callSessions } from "../sessions/caller.ts";
import { createCaller as callTokens } from "../tokens/caller.ts";

type Api = Composition["api"];

/** A feature as whoever makes faults sees it: something that writes, and can tell whether a write is there. */
export interface Writes {
  /** One write, never twice with the same id. */
  write(id: string): Promise<Answer>;
  /** Reads what a write has left. */
  read(id: string): Promise<Answer>;
  /** Whether a write that was acknowledged is there, once. */
  isThere(id: string): Promise<boolean>;
}

/** The same with the sandbox that it runs in. */
export interface Writer extends Writes {
  readonly sandbox: Composition<unknown>;
}

type MakeWrites = (api: Api) => Writes | Promise<Writes>;

/** What is said once it can be said. */
const answered = (read: () => Promise<Answer>) => until(read, ({ status }) => status !== 503);

const cacheWrites: MakeWrites = (api) => {
  const path = (id: string) => `/v1/cache/entries/${id}`;
  const headers = { "cache-groups": '"all"', "cache-control": "max-age=900" };
  const read = (id: string) => api("GET", path(id));
  return {
    write: (id) => api("PUT", path(id), { body: id, headers }),
    read,
    isThere: async (id) => (await answered(() => read(id))).text === id,
  };
};

const sessionsWrites: MakeWrites = (api) => {
  const { create, verify } = callSessions(api);
  const tokens = new Map<string, string>();
  const read = (id: string) => verify(tokens.get(id) ?? "none.none");
  return {
    async write(id) {
      const answer = await create({ userId: id });
      if (answer.status < 300) tokens.set(id, answer.json.token);
      return answer;
    },
    read,
    isThere: async (id) => (await answered(() => read(id))).status === 200,
  };
};

const tokensWrites: MakeWrites = (api) => {
  const { issue, introspect } = callTokens(api);
  const tokens = new Map<string, string>();
  const read = (id: string) => introspect(tokens.get(id) ?? "none.none");
  return {
    async write(id) {
      const answer = await issue({ userId: id, clientId: "app", scope: "read" });
      if (answer.status < 300) tokens.set(id, answer.json.access_token);
      return answer;
    },
    read,
    isThere: async (id) => (await answered(() => read(id))).json.active === true,
  };
};

/** A score that is added: a write that ran twice shows. */
const leaderboardsWrites: MakeWrites = async (api) => {
  const { put, submit, member } = callLeaderboards(api);
  await put("board", { update: "sum", partitions: 4 });
  const read = (id: string) => member("board", id);
  return {
    write: (id) => submit("board", [{ member: id, score: 1 }], { "idempotency-key": id }),
    read,
    isThere: async (id) => (await answered(() => read(id))).json.score === 1,
  };
};

/** A like of another subject each time, so that all nodes of a cluster have some: two of them show in the count. */
const likesWrites: MakeWrites = (api) => {
  const { put, get } = callLikes(api);
  const read = (id: string) => get(id);
  return {
    write: (id) => put(id, "ann"),
    read,
    isThere: async (id) => (await answered(() => read(id))).json.count === 1,
  };
};

/** A lock that is taken: one that was taken twice is held by two. */
const locksWrites: MakeWrites = (api) => {
  const { acquire, get } = callLocks(api);
  const settings = { mode: "shared", ttlSeconds: 3600, owner: "writer" };
  return {
    write: (id) => acquire(id, settings, { "idempotency-key": id }),
    read: get,
    isThere: async (id) => (await answered(() => get(id))).json.holding === 1,
  };
};

/** Every feature that writes. */
export const FEATURES = {
  cache: { compose: composeCache, writes: cacheWrites },
  sessions: { compose: composeSessions, writes: sessionsWrites },
  tokens: { compose: composeTokens, writes: tokensWrites },
  leaderboards: { compose: composeLeaderboards, writes: leaderboardsWrites },
  likes: { compose: composeLikes, writes: likesWrites },
  locks: { compose: composeLocks, writes: locksWrites },
} as const;

/** One of each feature at that Redis; close them with `closeAll`. */
export async function startWriters(
  redisUrl: string,
  options?: CompositionOptions,
): Promise<Record<string, Writer>> {
  const started = Object.entries(FEATURES).map(async ([name, { compose, writes }]) => {
    const sandbox: Composition<unknown> = compose(redisUrl, options);
    return [name, { sandbox, ...(await writes(sandbox.api)) }] as const;
  });
  return Object.fromEntries(await Promise.all(started));
}

export async function closeAll(writers: Readonly<Record<string, Writer>>): Promise<void> {
  await Promise.all(Object.values(writers).map(({ sandbox }) => sandbox.connection.close()));
}
