import { expect, inject } from "vitest";
import { batchBodyBytes } from "../functions/cache/batch-routes.ts";
import { createRoutes as createCacheRoutes } from "../functions/cache/routes.ts";
import {
  createRoutes as createLeaderboardsRoutes,
  MAX_BODY_BYTES as LEADERBOARDS_BODY_BYTES,
} from "../functions/leaderboards/routes.ts";
import { createRoutes as createLikesRoutes } from "../functions/likes/routes.ts";
import { createRoutes as createLocksRoutes } from "../functions/locks/routes.ts";
import { patient, REMEMBER_MS } from "../functions/ops/patience.ts";
import { createRoutes as createOpsRoutes } from "../functions/ops/routes.ts";
import { createRoutes as createSessionsRoutes } from "../functions/sessions/routes.ts";
import { createRoutes as createTokensRoutes } from "../functions/tokens/routes.ts";
import { createManagedCache } from "../lib/aws/elasticache-management.ts";
import { type Cache, createCache } from "../lib/cache/cache.ts";
import { cacheContract } from "../lib/cache/contract.ts";
import { cacheScripts } from "../lib/cache/scripts.ts";
import { type Config, parseConfig } from "../lib/config.ts";
import type { Contract, Handlers } from "../lib/http/contract.ts";
import { type ServeOptions, serve } from "../lib/http/serve.ts";
import { createIdempotency } from "../lib/idempotency/idempotency.ts";
import { idempotencyScripts } from "../lib/idempotency/scripts.ts";
import { leaderboardsContract } from "../lib/leaderboards/contract.ts";
import { createLeaderboards, type Leaderboards } from "../lib/leaderboards/leaderboards.ts";
import { leaderboardScripts } from "../lib/leaderboards/scripts.ts";
import { likesContract } from "../lib/likes/contract.ts";
import { createLikes, type Likes } from "../lib/likes/likes.ts";
import { likeScripts } from "../lib/likes/scripts.ts";
import { locksContract } from "../lib/locks/contract.ts";
import { createLocks, type Locks } from "../lib/locks/locks.ts";
import { lockScripts } from "../lib/locks/scripts.ts";
import { opsContract } from "../lib/ops/contract.ts";
import { createOps, type Ops } from "../lib/ops/ops.ts";
import { type ConnectOptions, connect, type Log } from "../lib/redis/connect.ts";
import type { Connection } from "../lib/redis/connection.ts";
import { sessionsContract } from "../lib/sessions/contract.ts";
import { sessionScripts } from "../lib/sessions/scripts.ts";
import { createSessions, type Sessions } from "../lib/sessions/sessions.ts";
import { tokensContract } from "../lib/tokens/contract.ts";
import { tokenScripts } from "../lib/tokens/scripts.ts";
import { createTokens, type Tokens } from "../lib/tokens/tokens.ts";
import { type Answer, type CallOptions, createApi, uniqueTenant } from "./api.ts";
import { environmentFor } from "./provided-redis.ts";

/** What a busy machine may add to a deadline before a test calls it missed. */
export const SLACK_MS = 1500;
/** What is left of an invocation to answer in. */
const ANSWER_MS = 200;

export interface LogLine {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** A log that keeps its lines. */
export function createLog(): Log & { readonly lines: LogLine[]; events(): unknown[] } {
  const lines: LogLine[] = [];
  return {
    lines,
    info: (message, fields) => lines.push({ level: "info", message, fields }),
    warn: (message, fields) => lines.push({ level: "warn", message, fields }),
    events: () => lines.map(({ fields }) => fields.event),
  };
}

export interface CompositionOptions {
  /** Further settings, named as in the environment. */
  readonly environment?: Record<string, string>;
  readonly tenant?: string;
  /** What each invocation has left when it begins. */
  readonly remainingMs?: number;
}

/** What some functions are made of besides. */
interface More<T> {
  readonly connection: Connection;
  readonly replica: T;
}

/** What a function is made of. */
interface Feature<C extends Contract, T> {
  readonly contract: C;
  readonly scripts: ConnectOptions["scripts"];
  readonly create: (connection: Connection, config: Config) => T;
  readonly routes: (made: T, config: Config, more: More<T>) => Handlers<C>;
  readonly maxBodyBytes?: (config: Config) => ServeOptions<C>["maxBodyBytes"];
}

/** A sandbox of one function, with one connection. */
export interface Composition<T = Cache> {
  /** Calls the function. Every call is held to its deadline, plus what it asked to wait. */
  readonly api: (method: string, path: string, options?: CallOptions) => Promise<Answer>;
  /** The same sandbox for another tenant. */
  readonly apiOf: (tenant: string) => Composition["api"];
  readonly connection: Connection;
  /** What the function serves over HTTP: the cache, the sessions, the tokens. */
  readonly served: T;
  readonly log: ReturnType<typeof createLog>;
  readonly tenant: string;
  readonly deadlineMs: number;
}

/** Composes a function as its handler does, on a Redis of the test's choice. */
function composerOf<C extends Contract, T>({
  contract,
  scripts,
  create,
  routes,
  maxBodyBytes,
}: Feature<C, T>) {
  return (redisUrl: string, options: CompositionOptions = {}): Composition<T> => {
    const { environment = {}, tenant = uniqueTenant(), remainingMs } = options;
    const config = parseConfig({
      ...environmentFor(redisUrl),
      AUTH_PUBLIC_KEY: inject("publicKey"),
      POWERTOOLS_METRICS_DISABLED: "true",
      ...environment,
    });
    const deadlineMs = Math.min(config.redis.deadlineMs, (remainingMs ?? Infinity) - ANSWER_MS);
    const log = createLog();
    const connection = connect(config, { log: () => log, ...(scripts && { scripts }) });
    const served = create(connection, config);
    const limits = maxBodyBytes?.(config);
    const handler = serve(
      contract,
      routes(served, config, {
        connection,
        replica: create(connection.eventual, config),
      }),
      {
        config,
        connection,
        ...(limits && { maxBodyBytes: limits }),
      },
    );
    const apiOf = (tenant: string) => {
      const call = createApi(handler, contract, tenant, remainingMs);
      return async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
        const startedAt = performance.now();
        const answer = await call(method, path, options);
        const { waitSeconds = 0 } = (options.body ?? {}) as { waitSeconds?: number };
        const waitMs = Number(options.query?.wait ?? waitSeconds) * 1000;
        const tookMs = performance.now() - startedAt;
        expect(tookMs, `${method} ${path} took too long`).toBeLessThan(deadlineMs + waitMs + SLACK_MS);
        return answer;
      };
    };
    return { api: apiOf(tenant), apiOf, connection, served, log, tenant, deadlineMs };
  };
}

/** Also for tests of what all functions share. */
export const composeCache = composerOf({
  contract: cacheContract,
  scripts: cacheScripts,
  create: createCache,
  routes: (cache, config, { replica }) => createCacheRoutes(cache, config.cache, replica),
  maxBodyBytes: ({ cache }) => ({
    putEntry: cache.maxBodyBytes,
    batchPut: batchBodyBytes(cache.maxBodyBytes),
  }),
});

export const composeSessions = composerOf({
  contract: sessionsContract,
  scripts: { ...sessionScripts, ...idempotencyScripts },
  create: (connection, config): Sessions => createSessions(connection, config.sessions),
  routes: (sessions, config, { connection }) =>
    createSessionsRoutes(
      sessions,
      config,
      createIdempotency(connection, "sessions", config.sessions.idempotencyMs),
    ),
});

export const composeTokens = composerOf({
  contract: tokensContract,
  scripts: { ...tokenScripts, ...idempotencyScripts },
  create: (connection, config): Tokens => createTokens(connection, config.tokens),
  routes: (tokens, config, { connection }) =>
    createTokensRoutes(tokens, config, createIdempotency(connection, "tokens", config.tokens.idempotencyMs)),
});

export const composeLeaderboards = composerOf({
  contract: leaderboardsContract,
  scripts: leaderboardScripts,
  create: (connection, config): Leaderboards => createLeaderboards(connection, config.leaderboards),
  routes: (leaderboards, config, { replica }) => createLeaderboardsRoutes(leaderboards, config, replica),
  maxBodyBytes: () => LEADERBOARDS_BODY_BYTES,
});

export const composeLikes = composerOf({
  contract: likesContract,
  scripts: likeScripts,
  create: (connection, config): Likes => createLikes(connection, config.likes),
  routes: (likes, config, { replica }) => createLikesRoutes(likes, config, replica),
});

export const composeLocks = composerOf({
  contract: locksContract,
  scripts: lockScripts,
  create: (connection, config): Locks => createLocks(connection, config.locks),
  routes: (locks, config) => createLocksRoutes(locks, config),
});

export const composeOps = composerOf({
  contract: opsContract,
  scripts: idempotencyScripts,
  create: (connection, { redis: { elasticacheId } }): Ops =>
    createOps(connection, elasticacheId ? createManagedCache(elasticacheId) : undefined),
  routes: (ops, _config, { connection }) =>
    createOpsRoutes(ops, createIdempotency(patient(connection), "ops", REMEMBER_MS)),
});

/** Holds an answer to what is said to a caller while Redis cannot serve: a 503 that tells nothing of the inside. */
export function expectUnavailable(answer: Answer): void {
  expect(answer.status, answer.text).toBe(503);
  expect(answer.json.code).toBe("redis_unavailable");
  expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  expect(answer.text, "Redis says in capitals what is wrong").not.toMatch(/[A-Z]{3}|127\.0\.0\.1/);
}

/** Calls until the answer satisfies; for what heals by itself, at a time that nobody promised. */
export async function until<T>(
  call: () => Promise<T>,
  satisfies: (value: T) => boolean,
  withinMs = 8000,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const value = await call();
    if (satisfies(value)) return value;
    if (performance.now() > giveUpAt) throw new Error(`not so within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
