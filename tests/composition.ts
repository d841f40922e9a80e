import { expect, inject } from "vitest";
import { batchBodyBytes } from "../functions/cache/batch-routes.ts";
import { createRoutes } from "../functions/cache/routes.ts";
import { createCache } from "../lib/cache/cache.ts";
import { cacheContract } from "../lib/cache/contract.ts";
import { cacheScripts } from "../lib/cache/scripts.ts";
import { parseConfig } from "../lib/config.ts";
import { serve } from "../lib/http/serve.ts";
import { connect, type Log } from "../lib/redis/connect.ts";
import { type Answer, type CallOptions, createApi, uniqueTenant } from "./api.ts";

/** What a busy machine may add to a deadline before a test calls it missed. */
export const SLACK_MS = 1500;

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
}

/**
 * The cache function as its handler composes it, on a Redis of the test's choice: one sandbox with one connection.
 * Every call of `api` is held to its deadline, plus what it asked to wait.
 */
export function compose(
  redisUrl: string,
  { environment = {}, tenant = uniqueTenant() }: CompositionOptions = {},
) {
  const config = parseConfig({
    REDIS_URL: redisUrl,
    AUTH_PUBLIC_KEY: inject("publicKey"),
    POWERTOOLS_METRICS_DISABLED: "true",
    ...environment,
  });
  const log = createLog();
  const connection = connect(config, { log: () => log, scripts: cacheScripts });
  const cache = createCache(connection);
  const handler = serve(cacheContract, createRoutes(cache, config.cache), {
    config,
    connection,
    maxBodyBytes: {
      putEntry: config.cache.maxBodyBytes,
      batchPut: batchBodyBytes(config.cache.maxBodyBytes),
    },
  });
  /** The same sandbox for another tenant. */
  const apiOf = (tenant: string) => {
    const call = createApi(handler, cacheContract, tenant);
    return async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
      const startedAt = performance.now();
      const answer = await call(method, path, options);
      const waitMs = Number(options.query?.wait ?? 0) * 1000;
      const tookMs = performance.now() - startedAt;
      expect(tookMs, `${method} ${path} took too long`).toBeLessThan(
        config.redis.deadlineMs + waitMs + SLACK_MS,
      );
      return answer;
    };
  };
  return { api: apiOf(tenant), apiOf, connection, cache, log, tenant, deadlineMs: config.redis.deadlineMs };
}

export type Composition = ReturnType<typeof compose>;

/** Holds an answer to what is said to a caller while Redis cannot serve: a 503 that tells nothing of the inside. */
export function expectUnavailable(answer: Answer): void {
  expect(answer.status, answer.text).toBe(503);
  expect(answer.json.code).toBe("redis_unavailable");
  expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
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
