import type { Config } from "../../lib/config.ts";
import type { Handlers } from "../../lib/http/contract.ts";
import { once } from "../../lib/http/once.ts";
import { createPages } from "../../lib/http/pages.ts";
import { checkPathId } from "../../lib/http/path-id.ts";
import { Problem } from "../../lib/http/problem.ts";
import { timestamp } from "../../lib/http/timestamp.ts";
import type { Idempotency } from "../../lib/idempotency/idempotency.ts";
import type { tokensContract } from "../../lib/tokens/contract.ts";
import { isScope } from "../../lib/tokens/fields.ts";
import type { Grant } from "../../lib/tokens/grant.ts";
import { type Active, createTokens, type Issued, type Tokens } from "../../lib/tokens/tokens.ts";

const NO_STORE = { "cache-control": "no-store", pragma: "no-cache" };

/** Turns requests into calls of the tokens, and what they answer into what OAuth says. */
export function createRoutes(
  tokens: Tokens,
  config: Config,
  idempotency: Idempotency,
): Handlers<typeof tokensContract> {
  return {
    async issueTokens({ tenant, headers: { "idempotency-key": key }, body }) {
      checkPathId("body.userId", body.userId, config.http);
      const call = { tenant, key, request: ["issue", body] };
      const issued = await once(idempotency, call, (shared, randomness) =>
        createTokens(shared, config.tokens).issue(tenant, body, randomness),
      );
      return pair(issued);
    },

    async refreshTokens({ tenant, body, alert }) {
      const { grant_type, refresh_token: refreshToken, client_id: clientId, device, scope } = body;
      if (grant_type !== "refresh_token")
        throw new Problem(400, "unsupported_grant_type", "The only grant type here is refresh_token.");
      if (scope !== undefined && !isScope(scope)) throw invalidScope();
      const refreshed = await tokens.refresh(tenant, { refreshToken, clientId, device, scope });
      if (refreshed.state === "issued") return pair(refreshed.issued);
      if (refreshed.state === "invalid_scope") throw invalidScope();
      if (refreshed.state === "reused") alert("RefreshTokenReuse", { tenant, ...refreshed.grant });
      throw new Problem(400, "invalid_grant", "The refresh token is not in force here.");
    },

    async introspectToken({ tenant, body: { token } }) {
      const active = await tokens.introspect(tenant, token);
      return { status: 200, headers: NO_STORE, body: active ? introspected(active) : { active: false } };
    },

    async revokeToken({ tenant, body: { token } }) {
      await tokens.revoke(tenant, token);
      return { status: 200, headers: NO_STORE };
    },

    async deleteGrant({ tenant, params: { id } }) {
      await tokens.revokeGrant(tenant, id);
      return { status: 204, headers: NO_STORE };
    },

    async listGrants({ tenant, params: { userId }, query: { limit, cursor } }) {
      const pages = createPages(tenant, `/v1/tokens/users/${encodeURIComponent(userId)}`);
      const found = await tokens.list(tenant, userId, { limit, after: pages.after(cursor) });
      const next = pages.next(found.last, limit);
      return {
        status: 200,
        headers: { ...NO_STORE, ...next.headers },
        body: { grants: found.grants.map(describe), ...next.body },
      };
    },

    async deleteGrants({ tenant, params: { userId } }) {
      await tokens.revokeAll(tenant, userId);
      return { status: 204, headers: NO_STORE };
    },
  };
}

function pair({ accessToken, refreshToken, lifeMs, scope }: Issued) {
  return {
    status: 200,
    headers: NO_STORE,
    body: {
      access_token: accessToken,
      token_type: "Bearer",
      expires_in: Math.floor(lifeMs / 1000),
      refresh_token: refreshToken,
      scope,
    },
  } as const;
}

function invalidScope(): Problem {
  return new Problem(400, "invalid_scope", "The scope is malformed, or more than was granted.");
}

function introspected({ kind, scope, clientId, userId, device, issuedAt, expiresAt }: Active) {
  return {
    active: true,
    scope,
    client_id: clientId,
    sub: userId,
    token_type: kind === "access" ? "Bearer" : "refresh_token",
    iat: Math.floor(issuedAt / 1000),
    exp: Math.floor(expiresAt / 1000),
    device,
  } as const;
}

function describe({ id, clientId, scope, device, createdAt, refreshedAt, expiresAt }: Grant) {
  return {
    id,
    clientId,
    scope,
    device,
    createdAt: timestamp(createdAt),
    refreshedAt: refreshedAt === undefined ? undefined : timestamp(refreshedAt),
    expiresAt: timestamp(expiresAt),
  };
}
