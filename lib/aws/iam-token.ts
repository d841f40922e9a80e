import type { CredentialsSource } from "../redis/credentials.ts";
import { holdCredentials } from "./hold-credentials.ts";
import type { KeysProvider } from "./keys.ts";

const LIFE_SECONDS = 900;
/** Time for a token to travel, and for another try where a new one cannot be had at once. */
const RENEW_BEFORE_END_MS = 300_000;

export interface IamOptions {
  /** The name of the serverless cache, or the id of the replication group. */
  readonly cacheName: string;
  /** The id of the ElastiCache user, which is its name as well. */
  readonly userId: string;
  readonly serverless: boolean;
  readonly region: string;
  readonly keys: KeysProvider;
}

/**
 * Passwords for a user of ElastiCache that authenticates with IAM: presigned requests, made without asking anybody,
 * that are valid for 15 minutes (less where the role's own keys end before). The same one for 10 minutes.
 */
export function createIamCredentials({
  userId,
  region,
  keys: provideKeys,
  ...cache
}: IamOptions): CredentialsSource {
  const host = encodeURIComponent(cache.cacheName.toLowerCase());
  const query = {
    Action: "connect",
    User: userId,
    ...(cache.serverless && { ResourceType: "ServerlessCache" }),
  };
  return holdCredentials(async (anew) => {
    const [{ presign }, keys] = await Promise.all([
      import("./presign.ts"),
      provideKeys({ forceRefresh: anew }),
    ]);
    const issuedAtMs = Date.now();
    const request = { service: "elasticache", region, host, query, issuedAtMs, lifeSeconds: LIFE_SECONDS };
    const password = await presign(request, keys);
    const endsAtMs = Math.min(issuedAtMs + LIFE_SECONDS * 1000, keys.expiration?.getTime() ?? Infinity);
    return {
      credentials: { username: userId, password },
      renewAtMs: endsAtMs - RENEW_BEFORE_END_MS,
      endsAtMs,
    };
  });
}
