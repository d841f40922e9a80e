import { describe, expect, test } from "vitest";
import { ConfigError, parseConfig } from "../lib/config.ts";
import { replicaOf } from "../lib/redis-settings.ts";

const DEFAULTS = {
  redis: {
    mode: "standalone",
    addresses: [],
    db: 0,
    username: undefined,
    password: undefined,
    tls: false,
    tlsCa: undefined,
    tlsVerify: true,
    secretArn: undefined,
    iam: false,
    aws: { region: undefined, keys: undefined },
    elasticacheId: undefined,
    serverless: false,
    sentinel: { name: "mymaster", password: undefined },
    replicaUrl: undefined,
    minReplicasAck: 0,
    deadlineMs: 1000,
  },
  auth: { mode: "token", publicKey: undefined },
  http: { corsOrigins: [], rawPathDecoded: false },
  metrics: true,
  cache: { defaultTtlMs: 300_000, maxTtlMs: 2_592_000_000, maxBodyBytes: 1_048_576, jitterPercent: 0 },
  sessions: {
    idleMs: 86_400_000,
    absoluteMs: 2_592_000_000,
    touchMs: 60_000,
    graceMs: 10_000,
    maxPerUser: 100,
    idempotencyMs: 600_000,
  },
  tokens: {
    accessMs: 900_000,
    refreshMs: 2_592_000_000,
    graceMs: 10_000,
    maxPerUser: 100,
    idempotencyMs: 600_000,
  },
  leaderboards: { idempotencyMs: 86_400_000 },
  likes: { kinds: {}, trending: ["day"], partitionMembers: 10_000, partitions: 16, maxPerUser: 10_000 },
  locks: {
    maxTtlMs: 3_600_000,
    heartbeatMs: 5000,
    maxQueue: 1000,
    maxExtensions: 1000,
    fencingMs: 604_800_000,
    idempotencyMs: 600_000,
  },
  warmTargets: [],
  warmJitterMs: 2000,
  sentry: { warnPercent: 80, forecastMs: 3_600_000 },
  invokedLocally: false,
};

const EVERYTHING = {
  REDIS_MODE: "sentinel",
  REDIS_URL: "rediss://me:secret@cache.example:6380/2",
  REDIS_HOST: "cache.example",
  REDIS_PORT: "6379",
  REDIS_NODES: "other.example:26379, [::1]:26380",
  REDIS_USERNAME: "you",
  REDIS_PASSWORD: "other",
  REDIS_TLS: "false",
  REDIS_TLS_CA: "first\\nsecond",
  REDIS_TLS_VERIFY: "false",
  REDIS_SENTINEL_NAME: "main",
  REDIS_SENTINEL_PASSWORD: "watch",
  REDIS_REPLICA_URL: "redis://replica.example",
  REDIS_MIN_REPLICAS_ACK: "1",
  ELASTICACHE_ID: "my-cache",
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "AKID",
  AWS_SECRET_ACCESS_KEY: "key",
  AWS_SESSION_TOKEN: "token",
  REDIS_DEADLINE_MS: "250",
  AUTH_MODE: "authorizer",
  AUTH_PUBLIC_KEY: "a key",
  CORS_ORIGINS: " https://a.example ,https://b.example,",
  RAW_PATH_DECODED: "true",
  POWERTOOLS_METRICS_DISABLED: "true",
  CACHE_DEFAULT_TTL_SECONDS: "60",
  CACHE_MAX_TTL_SECONDS: "3600",
  CACHE_MAX_BODY_BYTES: "1000",
  CACHE_JITTER_PERCENT: "10",
  SESSIONS_IDLE_SECONDS: "1800",
  SESSIONS_ABSOLUTE_SECONDS: "3600",
  SESSIONS_TOUCH_SECONDS: "0",
  SESSIONS_ROTATION_GRACE_SECONDS: "5",
  SESSIONS_MAX_PER_USER: "3",
  SESSIONS_IDEMPOTENCY_SECONDS: "6",
  TOKENS_ACCESS_SECONDS: "60",
  TOKENS_REFRESH_SECONDS: "3600",
  TOKENS_REUSE_GRACE_SECONDS: "0",
  TOKENS_MAX_PER_USER: "4",
  TOKENS_IDEMPOTENCY_SECONDS: "6",
  LEADERBOARDS_IDEMPOTENCY_SECONDS: "5",
  LIKES_KINDS:
    '{"post":{"reactions":["like","love"],"several":true},"view":{"approximate":true},"*":{"claps":5}}',
  LIKES_TRENDING: "week, hour",
  LIKES_PARTITION_MEMBERS: "100",
  LIKES_PARTITIONS: "4",
  LIKES_MAX_PER_USER: "50",
  LOCKS_MAX_TTL_SECONDS: "60",
  LOCKS_HEARTBEAT_SECONDS: "3",
  LOCKS_MAX_QUEUE: "10",
  LOCKS_MAX_EXTENSIONS: "0",
  LOCKS_FENCING_SECONDS: "86400",
  LOCKS_IDEMPOTENCY_SECONDS: "7",
  WARM_TARGETS: "a=1, b=2",
  WARM_JITTER_SECONDS: "0",
  SENTRY_WARN_PERCENT: "70",
  SENTRY_FORECAST_MINUTES: "30",
};

function refusal(environment: Record<string, string>): string {
  try {
    parseConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error(`Nothing is wrong with ${JSON.stringify(environment)}`);
}

describe("the settings", () => {
  test("are the documented defaults where nothing is set", () => {
    expect(parseConfig({})).toEqual(DEFAULTS);
  });

  test("are the defaults where a variable is set to the empty text", () => {
    const names = Object.keys(EVERYTHING);
    expect(parseConfig(Object.fromEntries(names.map((name) => [name, ""])))).toEqual(DEFAULTS);
  });

  test("have types, and lists are split at commas", () => {
    expect(parseConfig(EVERYTHING)).toEqual({
      redis: {
        mode: "sentinel",
        addresses: [
          { host: "cache.example", port: 6380 },
          { host: "other.example", port: 26_379 },
          { host: "::1", port: 26_380 },
        ],
        db: 2,
        username: "me",
        password: "secret",
        tls: true,
        tlsVerify: false,
        tlsCa: "first\nsecond",
        secretArn: undefined,
        iam: false,
        aws: {
          region: "eu-central-1",
          keys: { accessKeyId: "AKID", secretAccessKey: "key", sessionToken: "token" },
        },
        elasticacheId: "my-cache",
        serverless: false,
        sentinel: { name: "main", password: "watch" },
        replicaUrl: "redis://replica.example",
        minReplicasAck: 1,
        deadlineMs: 250,
      },
      auth: { mode: "authorizer", publicKey: "a key" },
      http: { corsOrigins: ["https://a.example", "https://b.example"], rawPathDecoded: true },
      metrics: false,
      cache: { defaultTtlMs: 60_000, maxTtlMs: 3_600_000, maxBodyBytes: 1000, jitterPercent: 10 },
      sessions: {
        idleMs: 1_800_000,
        absoluteMs: 3_600_000,
        touchMs: 0,
        graceMs: 5000,
        maxPerUser: 3,
        idempotencyMs: 6000,
      },
      tokens: { accessMs: 60_000, refreshMs: 3_600_000, graceMs: 0, maxPerUser: 4, idempotencyMs: 6000 },
      leaderboards: { idempotencyMs: 5000 },
      likes: {
        kinds: {
          post: { reactions: ["like", "love"], several: true, approximate: false },
          view: { reactions: ["like"], several: false, approximate: true },
          "*": { reactions: ["like"], several: false, approximate: false, claps: 5 },
        },
        trending: ["hour", "week"],
        partitionMembers: 100,
        partitions: 4,
        maxPerUser: 50,
      },
      locks: {
        maxTtlMs: 60_000,
        heartbeatMs: 3000,
        maxQueue: 10,
        maxExtensions: 0,
        fencingMs: 86_400_000,
        idempotencyMs: 7000,
      },
      warmTargets: ["a=1", "b=2"],
      warmJitterMs: 0,
      sentry: { warnPercent: 70, forecastMs: 1_800_000 },
      invokedLocally: false,
    });
  });
});

test("the sentry can be told never to warn", () => {
  const never = { SENTRY_WARN_PERCENT: "0", SENTRY_FORECAST_MINUTES: "0" };
  expect(parseConfig(never).sentry).toEqual({ warnPercent: 0, forecastMs: 0 });
});

test("a call with an idempotency key is known no longer than the tokens that it made", () => {
  const environment = {
    TOKENS_ACCESS_SECONDS: "1",
    TOKENS_REFRESH_SECONDS: "5",
    TOKENS_IDEMPOTENCY_SECONDS: "9",
  };
  expect(parseConfig(environment).tokens).toMatchObject({ refreshMs: 5000, idempotencyMs: 5000 });
});

describe("a bad value is refused with the variable and the reason, and never shown:", () => {
  test.each([
    ["REDIS_URL", "http://me:hunter2@cache.example", "must be a URL that begins with redis:// or rediss://"],
    ["REDIS_URL", "hunter2", "must be a URL that begins with redis:// or rediss://"],
    ["REDIS_URL", "redis:hunter2", ""],
    ["REDIS_URL", "redis://:hunter2@", ""],
    ["REDIS_URL", "redis://:hunter2%@cache.example", ""],
    ["REDIS_URL", "redis://:hunter2@cache.example/first", ""],
    ["REDIS_MODE", "hunter2", "must be standalone, sentinel or cluster"],
    ["REDIS_NODES", "hunter2", "must be addresses such as cache-1.example:6379, separated by commas"],
    ["REDIS_NODES", "a:1,b:65536", "must be addresses"],
    ["REDIS_REPLICA_URL", "http://hunter2", "must be a URL that begins with redis:// or rediss://"],
    ["REDIS_MIN_REPLICAS_ACK", "6", "must be a whole number from 0 to 5"],
    ["REDIS_IAM", "maybe", "must be true or false"],
    ["REDIS_PORT", "hunter2", "must be a whole number from 1 to 65535"],
    ["REDIS_PORT", "6379.5", "must be a whole number"],
    ["REDIS_PORT", "0x18EB", "must be a whole number"],
    ["REDIS_PORT", " 6379", "must be a whole number"],
    ["REDIS_PORT", "0", "must be a whole number from 1 to 65535"],
    ["REDIS_PORT", "65536", "must be a whole number from 1 to 65535"],
    ["REDIS_TLS", "yes", "must be true or false"],
    ["REDIS_TLS", "TRUE", "must be true or false"],
    ["REDIS_DEADLINE_MS", "49", "must be a whole number from 50 to 8000"],
    ["REDIS_DEADLINE_MS", "8001", "must be a whole number from 50 to 8000"],
    ["AUTH_MODE", "none", "must be token or authorizer"],
    ["CORS_ORIGINS", "https://app.example/path", ""],
    ["RAW_PATH_DECODED", "1", "must be true or false"],
    ["CACHE_DEFAULT_TTL_SECONDS", "-1", "must be a whole number from 1 to 31536000"],
    ["CACHE_DEFAULT_TTL_SECONDS", "3000000", "must not exceed CACHE_MAX_TTL_SECONDS"],
    ["CACHE_MAX_TTL_SECONDS", "31536001", "must be a whole number from 1 to 31536000"],
    ["CACHE_MAX_TTL_SECONDS", "9".repeat(16), "must be a whole number"],
    ["CACHE_MAX_BODY_BYTES", "4194305", "must be a whole number from 1 to 4194304"],
    ["CACHE_JITTER_PERCENT", "51", "must be a whole number from 0 to 50"],
    ["SESSIONS_IDLE_SECONDS", "2592001", "must not exceed SESSIONS_ABSOLUTE_SECONDS"],
    ["SESSIONS_MAX_PER_USER", "1001", "must be a whole number from 1 to 1000"],
    ["SESSIONS_IDEMPOTENCY_SECONDS", "3601", "must be a whole number from 1 to 3600"],
    ["TOKENS_IDEMPOTENCY_SECONDS", "3601", "must be a whole number from 1 to 3600"],
    ["TOKENS_REUSE_GRACE_SECONDS", "301", "must be a whole number from 0 to 300"],
    ["SENTRY_WARN_PERCENT", "101", "must be a whole number from 0 to 100"],
  ])("%s=%s", (name, value, reason) => {
    const message = refusal({ [name]: value });
    expect(message).toContain(`${name}: ${reason}`);
    expect(message).not.toContain(value);
    expect(message).not.toContain("hunter2");
  });

  test("all of them at once, beside a password that is fine", () => {
    const message = refusal({ REDIS_PASSWORD: "hunter2", REDIS_PORT: "x", REDIS_TLS: "y", AUTH_MODE: "z" });
    expect(message).toMatch(/REDIS_PORT.+REDIS_TLS.+AUTH_MODE/);
    expect(message).not.toContain("hunter2");
  });
});

describe("settings that contradict each other are refused with their names:", () => {
  const iam = {
    REDIS_IAM: "true",
    AWS_REGION: "eu-central-1",
    ELASTICACHE_ID: "my-cache",
    REDIS_USERNAME: "me",
  };

  test.each([
    ["two passwords", { REDIS_PASSWORD: "hunter2", REDIS_SECRET_ARN: "arn" }, "only one of them"],
    ["a password and IAM", { ...iam, REDIS_URL: "rediss://:hunter2@cache.example" }, "only one of them"],
    ["IAM for no cache", { ...iam, ELASTICACHE_ID: "" }, "needs ELASTICACHE_ID"],
    ["IAM for nobody", { ...iam, REDIS_USERNAME: "" }, "needs REDIS_USERNAME"],
    ["IAM in no region", { ...iam, AWS_REGION: "" }, "needs AWS_REGION"],
    ["IAM without TLS", { ...iam, REDIS_URL: "redis://cache.example" }, "needs TLS"],
    ["IAM at a host without TLS", { ...iam, REDIS_HOST: "cache.example" }, "needs TLS"],
    [
      "IAM, and a replica without TLS",
      { ...iam, REDIS_URL: "rediss://cache.example", REDIS_REPLICA_URL: "redis://replica.example" },
      "IAM needs TLS",
    ],
    ["a cluster's second database", { REDIS_MODE: "cluster", REDIS_URL: "redis://a/1" }, "no database but 0"],
  ])("%s", (_, environment, reason) => {
    const message = refusal(environment as Record<string, string>);
    expect(message).toMatch(new RegExp(`REDIS_.*${reason}`));
    expect(message).not.toContain("hunter2");
  });

  test("and what goes together is not", () => {
    expect(parseConfig(iam).redis).toMatchObject({ iam: true, elasticacheId: "my-cache", username: "me" });
    const named = { ...iam, REDIS_URL: "rediss://my-cache-ab12.serverless.use1.cache.amazonaws.com" };
    expect(parseConfig(named).redis).toMatchObject({ iam: true, tls: true, serverless: true });
  });
});

describe("the settings of a replica", () => {
  const settingsOf = (environment: Record<string, string>) => {
    const { redis } = parseConfig(environment);
    return replicaOf(redis, redis.replicaUrl ?? "");
  };
  const [serverless, node] = [
    "c-ab12.serverless.use1.cache.amazonaws.com",
    "c.ab12.use1.cache.amazonaws.com",
  ];

  test.each([
    ["is serverless beside a node", node, serverless, true],
    ["is a node beside a serverless one", serverless, node, false],
  ])("say by its own host what it is: %s", (_, primary, replica, expected) => {
    const urls = { REDIS_URL: `rediss://${primary}`, REDIS_REPLICA_URL: `rediss://${replica}:6380` };
    expect(settingsOf(urls).serverless).toBe(expected);
    expect(settingsOf({ ELASTICACHE_ID: "c", REDIS_REPLICA_URL: urls.REDIS_REPLICA_URL }).serverless).toBe(
      expected,
    );
  });
});

test("only `sls invoke local` ends after one call", () => {
  expect(parseConfig({ IS_OFFLINE: "true" }).invokedLocally).toBe(false);
  expect(parseConfig({ IS_LOCAL: "true" }).invokedLocally).toBe(true);
});
