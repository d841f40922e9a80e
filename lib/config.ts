import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import * as z from "zod/mini";

const MAX_SECONDS = 31_536_000;

/** A whole number written in decimal; the environment only holds text. */
const integer = (min: number, max: number) =>
  z.pipe(
    z.pipe(
      z.string().check(z.regex(/^-?\d{1,15}$/, "must be a whole number")),
      z.transform((text: string) => Number(text)),
    ),
    z.number().check(z.minimum(min, `must be at least ${min}`), z.maximum(max, `must be at most ${max}`)),
  );

const boolean = z.pipe(
  z.enum(["true", "false"], "must be true or false"),
  z.transform((text) => text === "true"),
);

const list = z.pipe(
  z.string(),
  z.transform((text: string) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean),
  ),
);

const redisUrl = z.string().check(
  z.refine((text) => /^rediss?:$/.test(URL.parse(text)?.protocol ?? ""), {
    error: "must be a URL that begins with redis:// or rediss://",
  }),
);

const Environment = z.object({
  REDIS_URL: z.optional(redisUrl),
  REDIS_HOST: z.optional(z.string()),
  REDIS_PORT: z._default(integer(1, 65_535), 6379),
  REDIS_USERNAME: z.optional(z.string()),
  REDIS_PASSWORD: z.optional(z.string()),
  REDIS_TLS: z._default(boolean, false),
  REDIS_DEADLINE_MS: z._default(integer(50, 25_000), 1000),
  AUTH_MODE: z._default(z.enum(["token", "authorizer"], "must be token or authorizer"), "token"),
  AUTH_PUBLIC_KEY: z.optional(z.string()),
  CORS_ORIGINS: z._default(list, []),
  RAW_PATH_DECODED: z._default(boolean, false),
  CACHE_DEFAULT_TTL_SECONDS: z._default(integer(1, MAX_SECONDS), 300),
  CACHE_MAX_TTL_SECONDS: z._default(integer(1, MAX_SECONDS), 2_592_000),
  CACHE_MAX_BODY_BYTES: z._default(integer(1, 4_194_304), 1_048_576),
  CACHE_JITTER_PERCENT: z._default(integer(0, 50), 0),
  WARM_TARGETS: z._default(list, []),
});

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
    const reasons = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new ConfigError(`Wrong configuration. ${reasons.join("; ")}`);
  }
  const env = parsed.data;
  if (env.CACHE_DEFAULT_TTL_SECONDS > env.CACHE_MAX_TTL_SECONDS) {
    throw new ConfigError("Wrong configuration. CACHE_DEFAULT_TTL_SECONDS: must not exceed CACHE_MAX_TTL_SECONDS");
  }
  return {
    redis: {
      url: env.REDIS_URL,
      host: env.REDIS_HOST,
      port: env.REDIS_PORT,
      username: env.REDIS_USERNAME,
      password: env.REDIS_PASSWORD,
      tls: env.REDIS_TLS,
      deadlineMs: env.REDIS_DEADLINE_MS,
    },
    auth: { mode: env.AUTH_MODE, publicKey: env.AUTH_PUBLIC_KEY },
    http: { corsOrigins: env.CORS_ORIGINS, rawPathDecoded: env.RAW_PATH_DECODED },
    cache: {
      defaultTtlMs: env.CACHE_DEFAULT_TTL_SECONDS * 1000,
      maxTtlMs: env.CACHE_MAX_TTL_SECONDS * 1000,
      maxBodyBytes: env.CACHE_MAX_BODY_BYTES,
      jitterPercent: env.CACHE_JITTER_PERCENT,
    },
    warmTargets: env.WARM_TARGETS,
    /** `sls invoke local`: one call, then the process must end. */
    invokedLocally: set.IS_LOCAL === "true",
  };
}

/** On a laptop `npm start` and `npm run redis` leave the address of their Redis here; `.env` overrides it. */
function localFiles(environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  if (!environment.IS_LOCAL && !environment.IS_OFFLINE) return {};
  const files = [".redigate/local.env", ".env"].filter((path) => existsSync(path));
  return Object.assign({}, ...files.map((path) => parseEnv(readFileSync(path, "utf8"))));
}

/** The settings of this process, read once; nothing else reads the environment. */
export function readConfig(): Config {
  const set = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value));
  return parseConfig({ ...localFiles(process.env), ...set });
}
