import * as z from "zod/mini";
import type { Contract } from "../http/contract.ts";
import { IdempotencyKey, onceResponses } from "../idempotency-key.ts";
import { UserId } from "../opaque-token.ts";
import { integer } from "../parsed-text.ts";
import { ClientId, Device, GrantId, Scope } from "./fields.ts";

const USER = "/v1/tokens/users/{userId+}";
const noStore = { "cache-control": "`no-store`", pragma: "`no-cache`" };
const userParams = z.object({ userId: UserId });

const Pair = z.strictObject({
  access_token: z.string(),
  token_type: z.literal("Bearer"),
  expires_in: z.int(),
  refresh_token: z.string(),
  scope: z.string(),
});

const refreshFields = {
  refresh_token: z.string(),
  scope: z.optional(z.string()),
  client_id: z.optional(ClientId),
  device: z.optional(Device),
};

/** RFC 6749 section 3.2 and RFC 7662 section 2.1: what a server does not know in a form it ignores. */
const TokenForm = z.object({ token: z.string(), token_type_hint: z.optional(z.string()) });

const Introspected = z.union([
  z.strictObject({ active: z.literal(false) }),
  z.strictObject({
    active: z.literal(true),
    scope: z.string(),
    client_id: z.string(),
    sub: z.string(),
    token_type: z.enum(["Bearer", "refresh_token"]),
    iat: z.int(),
    exp: z.int(),
    device: z.optional(z.string()),
  }),
]);

const Grant = z.strictObject({
  id: z.string(),
  clientId: z.string(),
  scope: z.string(),
  device: z.optional(z.string()),
  createdAt: z.string(),
  refreshedAt: z.optional(z.string()),
  expiresAt: z.string(),
});

/** OAuth 2.0 tokens over HTTP (RFC 6749, 7009, 7662, 9700). */
export const tokensContract = {
  issueTokens: {
    method: "POST",
    path: "/v1/tokens",
    summary: "Issue an access token and a refresh token",
    description:
      "One round trip to Redis, which gets digests only. All refresh tokens that follow from this one end with it, `TOKENS_REFRESH_SECONDS` from now. A user who has `TOKENS_MAX_PER_USER` grants loses the oldest. " +
      "With an `Idempotency-Key` the same call happens once for `TOKENS_IDEMPOTENCY_SECONDS`, and is answered the same; two round trips more. Make the key random: who knows it, and what is in Redis, has the tokens.",
    access: "tokens:write",
    repetition: "request id",
    headers: z.object({ "idempotency-key": z.optional(IdempotencyKey) }),
    body: z.strictObject({
      userId: UserId,
      clientId: ClientId,
      scope: Scope,
      device: z.optional(Device),
    }),
    responses: {
      200: { description: "RFC 6749 section 5.1.", body: Pair, headers: noStore },
      ...onceResponses,
    },
  },
  refreshTokens: {
    method: "POST",
    path: "/v1/tokens/refresh",
    summary: "Exchange a refresh token for the next pair",
    description:
      "RFC 6749 section 6, in one round trip to Redis. The token that was exchanged last gives the identical answer again for `TOKENS_REUSE_GRACE_SECONDS`. Later, and for any older token, it counts as stolen: the grant ends. `client_id` and `device`, where they are sent, must be those of the grant; `scope` may ask less for the new access token.",
    access: "tokens:write",
    repetition: "idempotent",
    body: z.strictObject({ grant_type: z._default(z.string(), "refresh_token"), ...refreshFields }),
    form: z.object({ grant_type: z.string(), ...refreshFields }),
    responses: {
      200: { description: "RFC 6749 section 5.1.", body: Pair, headers: noStore },
      400: {
        description: "RFC 6749 section 5.2.",
        problems: ["invalid_grant", "invalid_scope", "unsupported_grant_type"],
      },
    },
  },
  introspectToken: {
    method: "POST",
    path: "/v1/tokens/introspect",
    summary: "Tell what a token is good for",
    description:
      "RFC 7662, in one round trip to Redis. A token that is not in force, for whatever reason, is `{active: false}`. Of refresh tokens only the present one is active.",
    access: "tokens:read",
    form: TokenForm,
    responses: { 200: { description: "RFC 7662 section 2.2.", body: Introspected, headers: noStore } },
  },
  revokeToken: {
    method: "POST",
    path: "/v1/tokens/revoke",
    summary: "End a token",
    description:
      "RFC 7009, in one round trip to Redis. A refresh token, the present or a former one, ends its grant with all access tokens; an access token ends alone. The same answer for a token that is not in force.",
    access: "tokens:write",
    repetition: "idempotent",
    form: TokenForm,
    responses: { 200: { description: "It is not in force.", headers: noStore } },
  },
  deleteGrant: {
    method: "DELETE",
    path: "/v1/tokens/grants/{id}",
    summary: "End a grant with all its tokens",
    description: "One round trip to Redis. The same answer whether it was there or not.",
    access: "tokens:write",
    repetition: "idempotent",
    params: z.object({ id: GrantId }),
    responses: { 204: { description: "Ended.", headers: noStore } },
  },
  listGrants: {
    method: "GET",
    path: USER,
    summary: "List the grants of a user",
    description: "Two round trips to Redis. Newest first.",
    access: "tokens:read",
    params: userParams,
    query: z.strictObject({ limit: z._default(integer(1, 100), 50), cursor: z.optional(z.string()) }),
    responses: {
      200: {
        description: "A page.",
        body: z.strictObject({ grants: z.array(Grant), next: z.optional(z.string()) }),
        headers: { ...noStore, link: "`rel=next` leads to the next page." },
      },
    },
  },
  deleteGrants: {
    method: "DELETE",
    path: USER,
    summary: "End all grants of a user",
    description:
      "Two round trips to Redis. Ends those that there are, all at one moment, as after a change of password.",
    access: "tokens:write",
    repetition: "idempotent",
    params: userParams,
    responses: { 204: { description: "Ended.", headers: noStore } },
  },
} as const satisfies Contract;
