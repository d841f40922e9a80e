import * as z from "zod/mini";
import { KindsText } from "./likes/kinds.ts";
import { WINDOWS } from "./likes/windows.ts";
import { boolean, integer, oneOf, parsedText, splitAtCommas } from "./parsed-text.ts";
import { contradictions, redisVariables, toRedisSettings } from "./redis-settings.ts";

const MAX_SECONDS = 31_536_000;

const list = parsedText("separated by commas", splitAtCommas);

const origins = parsedText("origins separated by commas", (text) => {
  const parts = splitAtCommas(text);
  const wrong = parts.some((part) => part !== "*" && URL.parse(part)?.origin !== part);
  return wrong ? { reason: "must be origins such as https://app.example, separated by commas" } : parts;
});

const windows = parsedText("hour, day or week, separated by commas", (text) => {
  const names = splitAtCommas(text);
  const known = WINDOWS.filter((window) => names.includes(window));
  return known.length === names.length ? known : { reason: "must be hour, day or week, separated by commas" };
});

const Environment = z.object({
  ...redisVariables,
  AUTH_MODE: z._default(oneOf("token", "authorizer"), "token"),
  AUTH_PUBLIC_KEY: z.optional(z.string()),
  CORS_ORIGINS: z._default(origins, []),
  RAW_PATH_DECODED: z._default(boolean(), false),
  POWERTOOLS_METRICS_DISABLED: z._default(boolean(), false),
  CACHE_DEFAULT_TTL_SECONDS: z._default(integer(1, MAX_SECONDS), 300),
  CACHE_MAX_TTL_SECONDS: z._default(integer(1, MAX_SECONDS), 2_592_000),
  CACHE_MAX_BODY_BYTES: z._default(integer(1, 4_194_304), 1_048_576),
  CACHE_JITTER_PERCENT: z._default(integer(0, 50), 0),
  SESSIONS_IDLE_SECONDS: z._default(integer(1, MAX_SECONDS), 86_400),
  SESSIONS_ABSOLUTE_SECONDS: z._default(integer(1, MAX_SECONDS), 2_592_000),
  SESSIONS_TOUCH_SECONDS: z._default(integer(0, 3600), 60),
  SESSIONS_ROTATION_GRACE_SECONDS: z._default(integer(0, 300), 10),
  SESSIONS_MAX_PER_USER: z._default(integer(1, 1000), 100),
  SESSIONS_IDEMPOTENCY_SECONDS: z._default(integer(1, 3600), 600),
  TOKENS_ACCESS_SECONDS: z._default(integer(1, 86_400), 900),
  TOKENS_REFRESH_SECONDS: z._default(integer(1, MAX_SECONDS), 2_592_000),
  TOKENS_REUSE_GRACE_SECONDS: z._default(integer(0, 300), 10),
  TOKENS_MAX_PER_USER: z._default(integer(1, 1000), 100),
  TOKENS_IDEMPOTENCY_SECONDS: z._default(integer(1, 3600), 600),
  LEADERBOARDS_IDEMPOTENCY_SECONDS: z._default(integer(1, 604_800), 86_400),
  LIKES_KINDS: z._default(KindsText, {}),
  LIKES_TRENDING: z.optional(windows),
  LIKES_PARTITION_MEMBERS: z._default(integer(1, 1_000_000), 10_000),
  LIKES_PARTITIONS: z._default(integer(1, 63), 16),
  LIKES_MAX_PER_USER: z._default(integer(1, 100_000), 10_000),
  LOCKS_MAX_TTL_SECONDS: z._default(integer(1, 86_400), 3600),
  LOCKS_HEARTBEAT_SECONDS: z._default(integer(2, 60), 5),
  LOCKS_MAX_QUEUE: z._default(integer(1, 10_000), 1000),
  LOCKS_MAX_EXTENSIONS: z._default(integer(0, 1_000_000), 1000),
  LOCKS_FENCING_SECONDS: z._default(integer(86_400, 315_360_000), 604_800),
  LOCKS_IDEMPOTENCY_SECONDS: z._default(integer(1, 3600), 600),
  WARM_TARGETS: z._default(list, []),
  WARM_JITTER_SECONDS: z._default(integer(0, 20), 2),
  SENTRY_WARN_PERCENT: z._default(integer(0, 100), 80),
  SENTRY_FORECAST_MINUTES: z._default(integer(0, 1440), 60),
});

/** Settings of which the first must not exceed the second. */
const ORDERED = [
  ["CACHE_DEFAULT_TTL_SECONDS", "CACHE_MAX_TTL_SECONDS"],
  ["SESSIONS_IDLE_SECONDS", "SESSIONS_ABSOLUTE_SECONDS"],
  ["TOKENS_ACCESS_SECONDS", "TOKENS_REFRESH_SECONDS"],
] as const;

/** A setting is missing or wrong. The message names the variable and the reason, never the value. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** The typed settings of this process. Durations carry their unit in the name. */
export type Config = ReturnType<typeof parseConfig>;

/** Checks `environment` and gives it types and defaults; an empty variable counts as unset. Throws {@link ConfigError}. */
export function parseConfig(environment: Record<string, string | undefined>) {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const parsed = z.safeParse(Environment, set);
  if (!parsed.success) {
    const reasons = parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`);
    throw new ConfigError(`Wrong configuration. ${reasons.join("; ")}`);
  }
  const env = parsed.data;
  const redis = toRedisSettings(env);
  const disordered = ORDERED.filter(([shorter, longer]) => env[shorter] > env[longer]);
  const isLate = Object.values(env.LIKES_KINDS).some(
    ({ promoteAt = 0 }) => promoteAt > env.LIKES_PARTITION_MEMBERS,
  );
  const reasons = [
    ...(isLate
      ? [
          "LIKES_KINDS: promoteAt must not exceed LIKES_PARTITION_MEMBERS, beyond which subjects have partitions",
        ]
      : []),
    ...disordered.map(([shorter, longer]) => `${shorter}: must not exceed ${longer}`),
    ...contradictions(redis),
  ];
  if (reasons.length > 0) throw new ConfigError(`Wrong configuration. ${reasons.join("; ")}`);
  return {
    redis,
    auth: { mode: env.AUTH_MODE, publicKey: env.AUTH_PUBLIC_KEY },
    http: { corsOrigins: env.CORS_ORIGINS, rawPathDecoded: env.RAW_PATH_DECODED },
    metrics: !env.POWERTOOLS_METRICS_DISABLED,
    cache: {
      defaultTtlMs: env.CACHE_DEFAULT_TTL_SECONDS * 1000,
      maxTtlMs: env.CACHE_MAX_TTL_SECONDS * 1000,
      maxBodyBytes: env.CACHE_MAX_BODY_BYTES,
      jitterPercent: env.CACHE_JITTER_PERCENT,
    },
    sessions: {
      idleMs: env.SESSIONS_IDLE_SECONDS * 1000,
      absoluteMs: env.SESSIONS_ABSOLUTE_SECONDS * 1000,
      touchMs: env.SESSIONS_TOUCH_SECONDS * 1000,
      graceMs: env.SESSIONS_ROTATION_GRACE_SECONDS * 1000,
      maxPerUser: env.SESSIONS_MAX_PER_USER,
      idempotencyMs: env.SESSIONS_IDEMPOTENCY_SECONDS * 1000,
    },
    tokens: {
      accessMs: env.TOKENS_ACCESS_SECONDS * 1000,
      refreshMs: env.TOKENS_REFRESH_SECONDS * 1000,
      graceMs: env.TOKENS_REUSE_GRACE_SECONDS * 1000,
      maxPerUser: env.TOKENS_MAX_PER_USER,
      // Else a call that is sent again could begin a family anew that has ended.
      idempotencyMs: Math.min(env.TOKENS_IDEMPOTENCY_SECONDS, env.TOKENS_REFRESH_SECONDS) * 1000,
    },
    leaderboards: { idempotencyMs: env.LEADERBOARDS_IDEMPOTENCY_SECONDS * 1000 },
    likes: {
      kinds: env.LIKES_KINDS,
      trending: env.LIKES_TRENDING ?? (["day"] as const),
      partitionMembers: env.LIKES_PARTITION_MEMBERS,
      partitions: env.LIKES_PARTITIONS,
      maxPerUser: env.LIKES_MAX_PER_USER,
    },
    locks: {
      maxTtlMs: env.LOCKS_MAX_TTL_SECONDS * 1000,
      heartbeatMs: env.LOCKS_HEARTBEAT_SECONDS * 1000,
      maxQueue: env.LOCKS_MAX_QUEUE,
      maxExtensions: env.LOCKS_MAX_EXTENSIONS,
      fencingMs: env.LOCKS_FENCING_SECONDS * 1000,
      idempotencyMs: env.LOCKS_IDEMPOTENCY_SECONDS * 1000,
    },
    warmTargets: env.WARM_TARGETS,
    warmJitterMs: env.WARM_JITTER_SECONDS * 1000,
    sentry: { warnPercent: env.SENTRY_WARN_PERCENT, forecastMs: env.SENTRY_FORECAST_MINUTES * 60_000 },
    /** `sls invoke local` says so: one call, then the process must end. */
    invokedLocally: set.IS_LOCAL === "true",
  };
}

/** The settings of this process, read once; nothing else reads the environment. */
export function readConfig(): Config {
  return parseConfig(process.env);
}
