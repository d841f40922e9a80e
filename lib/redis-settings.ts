import * as z from "zod/mini";
import { boolean, integer, oneOf, parsedText, splitAtCommas } from "./parsed-text.ts";

const redisUrl = parsedText("redis:// or rediss://", (text) => {
  const reason =
    "must be a URL that begins with redis:// or rediss://, with reserved characters percent-encoded";
  return isRedisUrl(text) ? text : { reason };
});

function isRedisUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^rediss?:$/.test(url.protocol) || !url.hostname || !/^\/?\d{0,4}$/.test(url.pathname))
    return false;
  try {
    decodeURIComponent(url.username + url.password);
    return true;
  } catch {
    return false;
  }
}

const addresses = parsedText("host:port separated by commas", (text) => {
  const found = splitAtCommas(text).map((address) => /^(\[[^\]]+\]|[^:\s]+):(\d{1,5})$/.exec(address));
  if (found.some((match) => !match || Number(match[2]) > 65_535))
    return { reason: "must be addresses such as cache-1.example:6379, separated by commas" };
  return found.map((match) => ({
    host: (match?.[1] ?? "").replace(/^\[|\]$/g, ""),
    port: Number(match?.[2]),
  }));
});

/** The variables that say where Redis is, who we are there, and what we ask of it. */
export const redisVariables = {
  REDIS_MODE: z._default(oneOf("standalone", "sentinel", "cluster"), "standalone"),
  REDIS_URL: z.optional(redisUrl),
  REDIS_HOST: z.optional(z.string()),
  REDIS_PORT: z._default(integer(1, 65_535), 6379),
  REDIS_NODES: z._default(addresses, []),
  REDIS_USERNAME: z.optional(z.string()),
  REDIS_PASSWORD: z.optional(z.string()),
  REDIS_SECRET_ARN: z.optional(z.string()),
  REDIS_IAM: z._default(boolean(), false),
  REDIS_TLS: z._default(boolean(), false),
  REDIS_TLS_CA: z.optional(z.string()),
  REDIS_TLS_VERIFY: z._default(boolean(), true),
  REDIS_SENTINEL_NAME: z._default(z.string(), "mymaster"),
  REDIS_SENTINEL_PASSWORD: z.optional(z.string()),
  REDIS_REPLICA_URL: z.optional(redisUrl),
  REDIS_MIN_REPLICAS_ACK: z._default(integer(0, 5), 0),
  REDIS_DEADLINE_MS: z._default(integer(50, 8000), 1000),
  ELASTICACHE_ID: z.optional(z.string()),
  AWS_REGION: z.optional(z.string()),
  AWS_ACCESS_KEY_ID: z.optional(z.string()),
  AWS_SECRET_ACCESS_KEY: z.optional(z.string()),
  AWS_SESSION_TOKEN: z.optional(z.string()),
};

type Variables = z.output<z.ZodMiniObject<typeof redisVariables>>;

export type RedisSettings = ReturnType<typeof toRedisSettings>;

/** What a URL says goes before the variables that say the same. */
export function toRedisSettings(env: Variables) {
  const { host, port, db, ...fromUrl } = readUrl(env.REDIS_URL);
  const first = host ? { host, port } : { host: env.REDIS_HOST, port: env.REDIS_PORT };
  return {
    mode: env.REDIS_MODE,
    /** Of the server, of the sentinels, or of some nodes of the cluster. */
    addresses: [first, ...env.REDIS_NODES].flatMap(({ host, port }) => (host ? [{ host, port }] : [])),
    db,
    username: fromUrl.username || env.REDIS_USERNAME,
    password: fromUrl.password || env.REDIS_PASSWORD,
    tls: fromUrl.tls ?? env.REDIS_TLS,
    // An environment rarely carries line breaks.
    tlsCa: env.REDIS_TLS_CA?.replaceAll("\\n", "\n"),
    tlsVerify: env.REDIS_TLS_VERIFY,
    secretArn: env.REDIS_SECRET_ARN,
    iam: env.REDIS_IAM,
    aws: { region: env.AWS_REGION, keys: readKeys(env) },
    elasticacheId: env.ELASTICACHE_ID,
    serverless: isServerless(first.host),
    sentinel: { name: env.REDIS_SENTINEL_NAME, password: env.REDIS_SENTINEL_PASSWORD },
    replicaUrl: env.REDIS_REPLICA_URL,
    minReplicasAck: env.REDIS_MIN_REPLICAS_ACK,
    deadlineMs: env.REDIS_DEADLINE_MS,
  };
}

/** The settings of the replica beside the server (or beside the cluster, where it has an address of its own). */
export function replicaOf(settings: RedisSettings, url: string): RedisSettings {
  const { host, port, db, username, password, tls = false } = readUrl(url);
  return {
    ...settings,
    mode: settings.mode === "cluster" ? "cluster" : "standalone",
    addresses: [{ host, port }],
    db,
    username: username || settings.username,
    password: password || settings.password,
    tls,
    serverless: isServerless(host),
    minReplicasAck: 0,
  };
}

/** The names of AWS say it. */
function isServerless(host = ""): boolean {
  return host.includes(".serverless.");
}

/** Lambda gives the function's own in its environment. */
function readKeys(env: Variables) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN };
}

function readUrl(text: string | undefined) {
  const url = text ? new URL(text) : undefined;
  return {
    host: (url?.hostname ?? "").replace(/^\[|\]$/g, ""),
    port: Number(url?.port || 6379),
    db: Number(url?.pathname.slice(1) || 0),
    username: decodeURIComponent(url?.username ?? ""),
    password: decodeURIComponent(url?.password ?? ""),
    tls: url && url.protocol === "rediss:",
  };
}

/** Settings that do not go together; each reason names them. */
export function contradictions(settings: RedisSettings): string[] {
  const { iam, aws, elasticacheId, username, password, secretArn, tls, addresses, mode, db, replicaUrl } =
    settings;
  const isFoundByName = addresses.length === 0;
  const rules: [boolean, string][] = [
    [
      [password, secretArn, iam].filter(Boolean).length > 1,
      "REDIS_PASSWORD (or that of REDIS_URL), REDIS_SECRET_ARN, REDIS_IAM: only one of them can be set",
    ],
    [iam && !elasticacheId, "REDIS_IAM: needs ELASTICACHE_ID, the cache to sign in to"],
    [iam && !username, "REDIS_IAM: needs REDIS_USERNAME, the id of the ElastiCache user"],
    [iam && !aws.region, "REDIS_IAM: needs AWS_REGION, which Lambda sets"],
    [iam && !tls && !isFoundByName, "REDIS_IAM: needs TLS, as a rediss:// URL or REDIS_TLS=true"],
    [iam && replicaUrl?.startsWith("redis:") === true, "REDIS_REPLICA_URL: IAM needs TLS, so rediss://"],
    [mode === "cluster" && db > 0, "REDIS_URL: a cluster has no database but 0"],
  ];
  return rules.flatMap(([isBroken, reason]) => (isBroken ? [reason] : []));
}
