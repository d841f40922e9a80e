import { readFileSync } from "node:fs";
import { join } from "node:path";
import { contracts } from "./contracts.ts";
import { parameterRows } from "./parameter-table.ts";
import { projectDir } from "./paths.ts";

/** What each variable that lib/config.ts reads is for, in the order of the README. */
export const descriptions: Readonly<Record<string, string>> = {
  REDIS_MODE:
    "What is at the address: `standalone` a server, `sentinel` a sentinel that names the primary, `cluster` a node of a cluster (cluster mode enabled, ElastiCache Serverless), which leads to the others",
  REDIS_URL:
    "The Redis or Valkey to use: `redis://` or, with TLS, `rediss://user:password@host:port/database`",
  REDIS_HOST: "Its host, where there is no `REDIS_URL`",
  REDIS_PORT: "Its port, beside `REDIS_HOST`",
  REDIS_NODES: "Further sentinels, or nodes of the cluster, to ask first: `host:port`, separated by commas",
  REDIS_USERNAME: "The user, where the URL names none; with `REDIS_IAM` the id of the ElastiCache user",
  REDIS_PASSWORD: "The password, where the URL has none",
  REDIS_SECRET_ARN:
    "The secret of Secrets Manager that has the password instead: JSON with `password` and perhaps `username`, read at the start and when the server refuses what it said before",
  REDIS_IAM:
    "`true` signs in to the cache `ELASTICACHE_ID` with the function's role, as IAM authentication asks for",
  REDIS_TLS: "Whether to speak TLS, where there is no `REDIS_URL`",
  REDIS_TLS_CA:
    "The certificate authority to trust, in PEM, where it is not a public one; `\\n` stands for a line break",
  REDIS_TLS_VERIFY:
    "`false` takes any certificate, of whatever name: for hosts that sign their own and give you no authority (Heroku)",
  REDIS_SENTINEL_NAME: "What the sentinels call the primary",
  REDIS_SENTINEL_PASSWORD: "The password of the sentinels themselves",
  REDIS_REPLICA_URL:
    "A replica (ElastiCache: the reader endpoint) that answers reads with `consistency=eventual`; user and password as above where it has none",
  REDIS_MIN_REPLICAS_ACK:
    "How many replicas must have a write before it is acknowledged (`WAIT`); ElastiCache Serverless has no such command, and refuses",
  REDIS_DEADLINE_MS: "The longest a request waits for Redis before it is a 503, in milliseconds",
  ELASTICACHE_ID:
    "The replication group or serverless cache to find the address of, where none is set, and to sign in to with `REDIS_IAM`",
  AWS_REGION: "The region of the cache; Lambda sets it",
  AWS_ACCESS_KEY_ID:
    "The keys to sign in with (`REDIS_IAM`), where they are not the AWS SDK's to find; Lambda sets them",
  AWS_SECRET_ACCESS_KEY: "Their secret half",
  AWS_SESSION_TOKEN: "What they are valid with",
  AUTH_MODE:
    "`token`: the functions verify bearer tokens; `authorizer`: they trust the claims of API Gateway's JWT authorizer",
  AUTH_PUBLIC_KEY:
    "Verifies the tokens: an Ed25519 public key as JWK, JWK set or PEM. Needed with `AUTH_MODE=token`",
  CORS_ORIGINS: "Origins whose pages may call, separated by commas; `*` for any",
  RAW_PATH_DECODED:
    "Whether the path arrives with its percent-encoding undone, as from API Gateway's HTTP APIs; a deployment sets `true`",
  CACHE_DEFAULT_TTL_SECONDS: "The life of an entry that was put without `max-age`",
  CACHE_MAX_TTL_SECONDS: "The longest an entry may be kept, with its stale windows",
  CACHE_MAX_BODY_BYTES: "The largest body of an entry; 4194304 is the most that Lambda carries",
  CACHE_JITTER_PERCENT:
    "Shortens each life at random by up to this share, so that entries do not expire together",
  SESSIONS_IDLE_SECONDS:
    "A session that was not seen for so long ends, where `idleSeconds` does not say otherwise",
  SESSIONS_ABSOLUTE_SECONDS:
    "So long after it began a session ends in any case, where `absoluteSeconds` does not say otherwise",
  SESSIONS_TOUCH_SECONDS: "How often a session in use is written at most; its idle clock may lag as much",
  SESSIONS_ROTATION_GRACE_SECONDS: "How long the token before a rotation is still accepted",
  SESSIONS_MAX_PER_USER: "The sessions that a user may have; one more ends the one seen longest ago",
  SESSIONS_IDEMPOTENCY_SECONDS: "How long a call with an idempotency key is known again",
  TOKENS_ACCESS_SECONDS: "The life of an access token",
  TOKENS_REFRESH_SECONDS: "The life of a grant: of the first refresh token and all that follow from it",
  TOKENS_REUSE_GRACE_SECONDS:
    "How long the refresh token that was exchanged last gives the same pair again, before it counts as stolen",
  TOKENS_MAX_PER_USER: "The grants that a user may have; one more ends the oldest",
  TOKENS_IDEMPOTENCY_SECONDS: "How long a call with an idempotency key is known again",
  LEADERBOARDS_IDEMPOTENCY_SECONDS: "How long a submission with an idempotency key is known again",
  LIKES_KINDS:
    "What subjects can be given, by the text before their first colon (`*` for all others), as JSON: `reactions` (the first by default), `several`, `claps` (the most of a user), `approximate`, `promoteAt`. The first reaction stays the first, and none may be removed",
  LIKES_TRENDING:
    "By which of `hour`, `day` and `week` it is kept what is liked most of late, separated by commas; `day` where nothing is set, and each makes a like a little dearer. One that is named later begins with what is liked from then on, and is wrong for some half-lives",
  LIKES_PARTITION_MEMBERS: "From so many members on further ones go to other partitions of the subject",
  LIKES_PARTITIONS: "How many of these a subject gets when it needs them",
  LIKES_MAX_PER_USER:
    "How many of their last likes the list of a user has; as its 64 parts are uneven, each has room for more",
  LOCKS_MAX_TTL_SECONDS: "The longest that a lock may be asked for, or extended by, at once",
  LOCKS_HEARTBEAT_SECONDS: "A ticket that nobody comes back with in this time loses its place",
  LOCKS_MAX_QUEUE: "How many may wait for one lock",
  LOCKS_MAX_EXTENSIONS: "How often a grant may be extended",
  LOCKS_FENCING_SECONDS:
    "How long after its last grant or extension a lock keeps its fencing token (some 150 bytes for each name); those that follow are larger even then, but not by one",
  LOCKS_IDEMPOTENCY_SECONDS: "How long a call with an idempotency key is known again",
  POWERTOOLS_METRICS_DISABLED: "`true` writes no metrics",
  WARM_TARGETS: "For the warmer: `<function name>=<sandboxes to keep warm>`, separated by commas",
  WARM_JITTER_SECONDS:
    "Each function waits at random up to so long before it is warmed, so that not all connect at once",
  SENTRY_WARN_PERCENT:
    "The sentry warns when so much of the memory, or of the connections, is in use; 0 for never",
  SENTRY_FORECAST_MINUTES:
    "It warns as well when they will be used up within so many minutes if they grow as of late; 0 for never",
};

/** A variable of the environment, with its default as one would write it there. */
export interface Variable {
  readonly name: string;
  readonly default: string | undefined;
}

/** The variables of the schema, read from their source: a schema does not tell its defaults as text. */
export function readVariables(): Variable[] {
  const sources = ["lib/redis-settings.ts", "lib/config.ts"].map((path) =>
    readFileSync(join(projectDir, path), "utf8"),
  );
  const schemas = sources
    .join("")
    .matchAll(/^(?:export )?const \w+ = (?:z\.object\()?\{\n([\s\S]*?)^\}\)?;$/gm);
  const [, ...parts] = [...schemas]
    .map(([, schema]) => schema)
    .join("")
    .split(/^ {2}(?:\.\.\.\w+,\n)?(?: {2})?([A-Z][A-Z_]+): /m);
  const variables: Variable[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    variables.push({ name: parts[index] ?? "", default: defaultOf(parts[index + 1] ?? "") });
  }
  return variables;
}

/** The last argument of `z._default(...)`; nothing for `z.optional(...)` and for an empty list. */
function defaultOf(schema: string): string | undefined {
  const [, value] = /^z\._default\([\s\S]*,\s*([^,\s]+?),?\s*\),\s*$/.exec(schema) ?? [];
  if (!value || value === "[]") return undefined;
  return value.startsWith('"') ? JSON.parse(value) : value.replaceAll("_", "");
}

/** The table of all operations. */
export function endpointTable(): string {
  const operations = Object.values(contracts).flatMap((contract) => Object.values(contract));
  return table(
    ["request", "what it does", "token"],
    operations.map(({ method, path, summary, access }) => [
      `\`${method} ${path.replace("+}", "}")}\``,
      summary,
      access === "public" ? "none" : access === "authenticated" ? "any" : `\`${access}\``,
    ]),
  );
}

/** The table of all variables. */
export function configurationTable(): string {
  const defaults = new Map(readVariables().map((variable) => [variable.name, variable.default]));
  return table(
    ["variable", "default", "what it sets"],
    Object.entries(descriptions).map(([name, description]) => {
      const value = defaults.get(name);
      return [`\`${name}\``, value === undefined ? "" : `\`${value}\``, description];
    }),
  );
}

/** The table of all parameters of a deployment. */
export function parameterTable(): string {
  return table(["parameter", "default in `prod`", "what it sets", "with which `cache`"], parameterRows());
}

/** The README with its tables as they should be. Throws if it lacks the marks between which they stand. */
export function withTables(readme: string): string {
  const tables = {
    endpoints: endpointTable(),
    configuration: configurationTable(),
    parameters: parameterTable(),
  };
  return Object.entries(tables).reduce((text, [name, content]) => fill(text, name, content), readme);
}

function fill(readme: string, name: string, content: string): string {
  const pattern = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!pattern.test(readme)) throw new Error(`README.md has no <!-- ${name} --> and <!-- /${name} -->.`);
  return readme.replace(pattern, (_, start: string, end: string) => `${start}\n${content}\n\n${end}`);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
