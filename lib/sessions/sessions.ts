import type { Redis } from "ioredis";
import type { Config } from "../config.ts";
import {
  digestOf,
  formatId,
  formatToken,
  homeOf,
  type Id,
  newId,
  newSecret,
  type Randomness,
} from "../opaque-token.ts";
import type { Connection, Run } from "../redis/connection.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";
import { sessionKeys } from "../redis/keys.ts";
import { MAX_DATA_BYTES, MAX_MEMBERS } from "./data.ts";
import { SECRET_BYTES, type SessionToken } from "./fields.ts";
import type { FindReply } from "./scripts.ts";
import { type Found, type Head, newSession, readSession, type Session } from "./session.ts";

/** So long a record says why its session is no more. */
const OUTLIVE_MS = 3_600_000;
/** Rotations within one grace; an older token ends sooner. */
const MAX_TOKENS = 8;
/** No setting allows more. */
const MOST_PER_USER = 1000;

export interface NewSession extends Head {
  readonly packedData: string;
}

export interface Created {
  readonly session: Session;
  readonly token: string;
  /** Ids of the sessions that had to end, because the user had as many as there may be. */
  readonly evicted: readonly string[];
}

export interface Patch {
  readonly packedData: string;
  /** The versions that the caller has seen; undefined for any. */
  readonly versions?: readonly string[] | undefined;
}

export type Patched = Found | { readonly state: "precondition_failed" } | { readonly state: "too_large" };

export type Sessions = ReturnType<typeof createSessions>;

/**
 * Login sessions of many tenants. A session is in force while the index of its user names it: whatever ends one
 * takes its name from there, and no later write can bring it back. Every operation is safe to repeat after a lost
 * reply. Each takes one round trip, if it does not say otherwise. Rejects with `RedisUnavailable` or `OutOfMemory`.
 */
export function createSessions(connection: Connection, settings: Config["sessions"]) {
  const idempotent = true;

  function find(redis: Redis, tenant: string, id: Id, digest = ""): Promise<FindReply> {
    const [session, ends, seen] = keysOf(tenant, id);
    return redis.sessionFind(session, ends, seen, id.name, digest, OUTLIVE_MS, settings.touchMs);
  }

  /** Ends sessions of one user, all at one moment, and forgets their data. What is left of a record says so. */
  async function endThose(run: Run, tenant: string, home: string, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const [ends, seen] = [sessionKeys.ends(tenant, { home }), sessionKeys.seen(tenant, { home })];
    const records = names.map((name) => sessionKeys.session(tenant, { home, name }));
    const calls: Call[] = [
      (p) => p.sessionEnd(ends, seen, names.join(" ")),
      ...records.map(
        (key): Call =>
          (p) =>
            p.hdel(key, "data"),
      ),
    ];
    await run((redis) => fanOut(redis, calls), { idempotent });
  }

  /**
   * Begins a session. The data of one that has to end for it last as long as its record. O(log n) in the sessions of
   * the user. The same randomness makes the same session, once.
   */
  async function create(
    tenant: string,
    { packedData, ...head }: NewSession,
    randomness?: Randomness,
  ): Promise<Created> {
    const id = newId(homeOf(tenant, head.userId), randomness);
    const token = formatToken(id, newSecret(SECRET_BYTES, randomness));
    const keys = keysOf(tenant, id);
    const headText = JSON.stringify(head);
    const digest = digestOf(token);
    const [created, evicted] = await connection.run(
      (redis) =>
        redis.sessionCreate(...keys, id.name, headText, digest, packedData, OUTLIVE_MS, settings.maxPerUser),
      { idempotent },
    );
    const names = evicted.split(" ").filter(Boolean);
    return {
      session: newSession(id, head, Number(created), packedData),
      token,
      evicted: names.map((name) => formatId({ ...id, name })),
    };
  }

  /** Who presents a token is seen, and the idle clock begins anew: at most once in the interval that is set. O(log n). */
  async function verify(tenant: string, { id, digest }: SessionToken): Promise<Found> {
    const reply = await connection.run((redis) => find(redis, tenant, id, digest), { idempotent });
    return readSession(id, reply);
  }

  /** O(size). */
  async function get(tenant: string, id: Id): Promise<Found> {
    return readSession(id, await connection.run((redis) => find(redis, tenant, id), { idempotent }));
  }

  /** Merges a patch (RFC 7396). Patches of different members never undo each other, at whatever depth. O(size). */
  async function patch(tenant: string, id: Id, { packedData, versions }: Patch): Promise<Patched> {
    const keys = keysOf(tenant, id);
    const outcome = sessionKeys.outcome(tenant, id, newSecret(16));
    const expected = versions ? ` ${versions.join(" ")} ` : "";
    const limits = [MAX_DATA_BYTES, MAX_MEMBERS, OUTLIVE_MS, 2 * connection.deadlineMs] as const;
    const reply = await connection.run(
      (redis) => redis.sessionPatch(...keys, outcome, id.name, packedData, expected, ...limits),
      { idempotent },
    );
    const [state] = reply;
    return state === "precondition_failed" || state === "too_large" ? { state } : readSession(id, reply);
  }

  /** Gives the session a new token. The one before is accepted for a grace, for requests that are under way. O(size). */
  async function rotate(
    tenant: string,
    id: Id,
    randomness?: Randomness,
  ): Promise<{ found: Found; token: string }> {
    const keys = keysOf(tenant, id);
    const token = formatToken(id, newSecret(SECRET_BYTES, randomness));
    const digest = digestOf(token);
    const reply = await connection.run(
      (redis) => redis.sessionRotate(...keys, id.name, digest, settings.graceMs, MAX_TOKENS, OUTLIVE_MS),
      { idempotent },
    );
    return { found: readSession(id, reply), token };
  }

  /** Ends a session and forgets its data. The same whether it lived or not. O(log n) in those of the user. */
  async function end(tenant: string, { home, name }: Id): Promise<void> {
    await endThose(connection.begin(), tenant, home, [name]);
  }

  /** A page of a user's sessions, newest first; `last` if there are more. Two round trips. O(n log n) in those of the user. */
  async function list(
    tenant: string,
    userId: string,
    { limit, after = "" }: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<{ readonly sessions: readonly Session[]; readonly last: string | undefined }> {
    const home = homeOf(tenant, userId);
    const run = connection.begin();
    const [ends, seen] = [sessionKeys.ends(tenant, { home }), sessionKeys.seen(tenant, { home })];
    const names = await run((redis) => redis.sessionList(ends, seen, after, limit + 1), { idempotent });
    const ids = names.slice(0, limit).map((name) => ({ home, name }));
    const calls = ids.map((id): Call => {
      const [key] = keysOf(tenant, id);
      const { touchMs } = settings;
      return (p) => p.sessionFind(key, ends, seen, id.name, "", OUTLIVE_MS, touchMs);
    });
    const replies = ids.length > 0 ? await run((redis) => fanOut(redis, calls), { idempotent }) : [];
    const sessions = ids.flatMap((id, index) => {
      const found = readSession(id, replies[index] as FindReply);
      return found.state === "live" ? [found.session] : [];
    });
    return { sessions, last: names.length > limit ? names[limit - 1] : undefined };
  }

  /**
   * Ends those sessions of a user that there are, but for one: all at one moment. One that begins meanwhile goes on.
   * Two round trips. O(n log n) in those of the user.
   */
  async function endAll(tenant: string, userId: string, except?: Id): Promise<void> {
    const home = homeOf(tenant, userId);
    const run = connection.begin();
    const [ends, seen] = [sessionKeys.ends(tenant, { home }), sessionKeys.seen(tenant, { home })];
    const names = await run((redis) => redis.sessionList(ends, seen, "", MOST_PER_USER), {
      idempotent,
    });
    const others = names.filter((name) => name !== except?.name);
    await endThose(run, tenant, home, others);
  }

  return { create, verify, get, patch, rotate, end, list, endAll };
}

function keysOf(tenant: string, id: Id): [session: string, ends: string, seen: string] {
  return [sessionKeys.session(tenant, id), sessionKeys.ends(tenant, id), sessionKeys.seen(tenant, id)];
}
