import { timingSafeEqual } from "node:crypto";
import type { Config } from "../config.ts";
import { digestOf, formatId, homeOf, type Id, newId, type Randomness } from "../opaque-token.ts";
import type { Connection } from "../redis/connection.ts";
import { tokenKeys } from "../redis/keys.ts";
import { inOneWrite } from "../redis/one-write.ts";
import { GRANT_FIELDS, type Head, readGrant } from "./grant.ts";
import { createGrants } from "./grants.ts";
import { newFamily, newPair, type Pair, readToken, sealPair, unsealPair } from "./token.ts";

/** A pair of tokens as its client gets it. */
export interface Issued extends Pair {
  /** How long the access token lived when it was made. */
  readonly lifeMs: number;
  readonly scope: string;
}

/** What a client presents to get the next pair; what it names beside the token must be the grant's. */
export interface Refresh {
  readonly refreshToken: string;
  readonly clientId?: string | undefined;
  readonly device?: string | undefined;
  /** Less than was granted, for the new access token only. */
  readonly scope?: string | undefined;
}

export type Refreshed =
  | { readonly state: "issued"; readonly issued: Issued }
  | { readonly state: "invalid_grant" }
  | { readonly state: "invalid_scope" }
  /** A token that was rotated before: somebody has stolen it, or its successor. The grant has ended. */
  | { readonly state: "reused"; readonly grant: Head & { readonly id: string } };

/** What an active token is good for. */
export interface Active extends Head {
  readonly kind: "access" | "refresh";
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export type Tokens = ReturnType<typeof createTokens>;

/**
 * Refresh and access tokens of many tenants (RFC 6749, RFC 9700 section 4.14). A grant is a family of refresh tokens of
 * which one is valid at a time. It is in force while the index of its user names it. Redis has digests of tokens, and
 * the last pair sealed for who presents its predecessor; what is in Redis opens nothing. Every operation is safe to
 * repeat after a lost reply. Each takes one round trip, if it does not say otherwise. Rejects with `RedisUnavailable`
 * or `OutOfMemory`.
 */
export function createTokens(connection: Connection, settings: Config["tokens"]) {
  const idempotent = true;
  const { accessMs, refreshMs, graceMs, maxPerUser, idempotencyMs } = settings;
  /** For calls that are sent again: a theft that was told, a grant that somebody has ended since its issue. */
  const rememberMs = Math.max(2 * connection.deadlineMs, idempotencyMs);

  /**
   * Begins a grant. Of a user who has too many, the oldest end. The same randomness makes the same grant, once. O(log n)
   * in the grants of the user.
   */
  async function issue(tenant: string, head: Head, randomness?: Randomness): Promise<Issued> {
    const id = newId(homeOf(tenant, head.userId), randomness);
    const family = newFamily(randomness);
    const pair = newPair(id, family, randomness);
    const keys = keysOf(tenant, id, digestOf(pair.accessToken));
    const headText = JSON.stringify(head);
    const [familyDigest, refreshDigest] = [digestOf(family), digestOf(pair.refreshToken)];
    await connection.run(
      (redis) =>
        redis.tokenIssue(
          ...keys,
          id.name,
          headText,
          familyDigest,
          refreshDigest,
          refreshMs,
          accessMs,
          maxPerUser,
        ),
      { idempotent },
    );
    return { ...pair, lifeMs: accessMs, scope: head.scope };
  }

  /**
   * Exchanges a refresh token for the next pair. Within the grace the token that was exchanged last gives that very
   * pair again, so that concurrent requests, and a client whose answer was lost, all go on with it. Any other former
   * token ends the grant. O(1).
   */
  async function refresh(tenant: string, { refreshToken, ...named }: Refresh): Promise<Refreshed> {
    const token = readToken(refreshToken);
    if (token?.kind !== "refresh") return { state: "invalid_grant" };
    const { id, family, digest } = token;
    const pair = newPair(id, family);
    const keys = keysOf(tenant, id, digestOf(pair.accessToken));
    const next = [digestOf(family), digest, digestOf(pair.refreshToken), sealPair(pair, token)] as const;
    const presented = JSON.stringify(named);
    const reply = await connection.run(
      (redis) =>
        redis.tokenRefresh(
          ...keys,
          tokenKeys.sealed(tenant, id),
          id.name,
          ...next,
          accessMs,
          graceMs,
          presented,
          rememberMs,
        ),
      { idempotent },
    );
    switch (reply[0]) {
      case "rotated":
        return { state: "issued", issued: { ...pair, scope: reply[1], lifeMs: Number(reply[2]) } };
      case "replayed": {
        const [, scope, lifeMs, sealed] = reply;
        return { state: "issued", issued: { ...unsealPair(sealed, token), scope, lifeMs: Number(lifeMs) } };
      }
      case "reused":
        return { state: "reused", grant: { ...JSON.parse(reply[1]), id: formatId(id) } };
      case "invalid_scope":
        return { state: "invalid_scope" };
      case "invalid":
        return { state: "invalid_grant" };
    }
  }

  /** What a token is good for; undefined if for nothing. Of refresh tokens only the present one is. O(1). */
  async function introspect(tenant: string, text: string): Promise<Active | undefined> {
    const token = readToken(text);
    if (!token) return undefined;
    const { id, kind, digest } = token;
    const [grantKey, ends, accessKey] = keysOf(tenant, id, digest);
    const [access, [current, ...fields], listed] = await connection.run(
      (redis) =>
        inOneWrite(redis, () =>
          Promise.all([
            redis.get(accessKey),
            redis.hmget(grantKey, "current", ...GRANT_FIELDS),
            redis.zscore(ends, id.name),
          ]),
        ),
      { idempotent },
    );
    const grant = readGrant(id, fields);
    if (!grant || !listed) return undefined;
    if (kind === "access") return access ? { ...grant, kind, ...readAccess(access) } : undefined;
    const isCurrent =
      current?.length === digest.length && timingSafeEqual(Buffer.from(current), Buffer.from(digest));
    return isCurrent ? { ...grant, kind, issuedAt: grant.refreshedAt ?? grant.createdAt } : undefined;
  }

  /** Ends an access token; or, for a refresh token, present or former, the whole grant. O(log n). */
  async function revoke(tenant: string, text: string): Promise<void> {
    const token = readToken(text);
    if (!token) return;
    const { id, kind, family, digest } = token;
    const [grant, ends, access] = keysOf(tenant, id, digest);
    await connection.run(
      async (redis) =>
        kind === "access"
          ? redis.unlink(access)
          : redis.tokenRevoke(grant, ends, id.name, digestOf(family), rememberMs),
      { idempotent },
    );
  }

  return { issue, refresh, introspect, revoke, ...createGrants(connection, rememberMs) };
}

function keysOf(tenant: string, id: Id, accessDigest: string): [grant: string, ends: string, access: string] {
  const access = tokenKeys.access(tenant, id, accessDigest);
  return [tokenKeys.grant(tenant, id), tokenKeys.ends(tenant, id), access];
}

/** Its own times, and a scope that may be less than the grant's. */
function readAccess(text: string) {
  const [issued, expires, ...words] = text.split(" ");
  return { issuedAt: Number(issued), expiresAt: Number(expires), scope: words.join(" ") };
}
