import { createPublicKey, type KeyObject } from "node:crypto";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { createLocalJWKSet, errors, type JWK, type JWTPayload, jwtVerify } from "jose";
import { type Config, ConfigError } from "../config.ts";
import type { Operation } from "./contract.ts";
import { Problem } from "./problem.ts";

/** Who calls, and what they may do. */
export interface Caller {
  readonly tenant: string;
  readonly scopes: ReadonlySet<string>;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export type Authenticate = (event: APIGatewayProxyEventV2) => Promise<Caller>;

/** Verified tokens are remembered until they expire, at most this many. */
const REMEMBERED = 1000;
const ALGORITHMS = ["EdDSA", "Ed25519"];

/**
 * Makes the check of a request's identity: a bearer JWT (RFC 6750, RFC 8037) against the public key of the
 * environment (a JWK, a JWK set or PEM), or the claims that an API Gateway JWT authorizer has verified. Rejects with
 * a 401. The authorizer's claims are read only when configured: an emulator fills them in from unverified tokens.
 */
export function createAuthenticate({ mode, publicKey }: Config["auth"]): Authenticate {
  if (mode === "authorizer") return async (event) => toCaller(authorizerClaims(event));
  if (!publicKey) {
    throw new ConfigError(
      "AUTH_PUBLIC_KEY is unset: no token can be verified. `npm run token -- --help` makes a key.",
    );
  }
  const verify = createVerify(publicKey);
  const remembered = new Map<string, Caller>();
  return async ({ headers: { authorization = "" } }) => {
    const known = remembered.get(authorization);
    if (known) {
      if (known.expiresAt > Date.now() / 1000) return known;
      remembered.delete(authorization);
      throw unauthorized("token_expired", "The token has expired.");
    }
    const caller = toCaller(await verify(bearerToken(authorization)));
    const oldest = remembered.keys().next();
    if (remembered.size >= REMEMBERED && !oldest.done) remembered.delete(oldest.value);
    remembered.set(authorization, caller);
    return caller;
  };
}

/** Throws 403 `scope_missing` unless the caller holds the scope, `<feature>:*` or, of what is one tenant's, `*`. */
export function authorize(
  { scopes }: Caller,
  { access, spansTenants }: Pick<Operation, "access" | "spansTenants">,
): void {
  if (access === "public" || access === "authenticated") return;
  const feature = access.slice(0, access.indexOf(":"));
  if (scopes.has(access) || scopes.has(`${feature}:*`) || (!spansTenants && scopes.has("*"))) return;
  throw new Problem(403, "scope_missing", `The token lacks the scope ${access}.`, {
    headers: { "www-authenticate": `Bearer error="insufficient_scope", scope="${access}"` },
  });
}

function createVerify(publicKey: string): (token: string) => Promise<JWTPayload> {
  const options = { algorithms: ALGORITHMS, requiredClaims: ["exp", "tenant", "scope"] };
  const keys = parseKeys(publicKey);
  const keySet = createLocalJWKSet({ keys });
  const [only] = keys;
  // A key id chooses among several keys; a single key needs none, and a PEM key has none.
  const verify =
    keys.length === 1 && only
      ? (token: string) => jwtVerify(token, only, options)
      : (token: string) => jwtVerify(token, keySet, options);
  return async (token) => {
    try {
      return (await verify(token)).payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthorized("token_expired", "The token has expired.");
      if (error instanceof errors.JOSEError)
        throw unauthorized("token_invalid", "The token is not valid here.");
      throw error;
    }
  };
}

function parseKeys(publicKey: string): JWK[] {
  try {
    if (publicKey.startsWith("-----BEGIN PUBLIC KEY")) return [toEd25519(createPublicKey(publicKey))];
    const json = JSON.parse(publicKey);
    const keys: JWK[] = Array.isArray(json.keys) ? json.keys : [json];
    if (keys.length === 0 || keys.some((key) => "d" in key)) throw new Error("no public key");
    if (keys.length > 1 && keys.some(({ kid }) => !kid)) throw new Error("no key id to choose by");
    return keys.map((key) => ({ ...key, ...toEd25519(createPublicKey({ key, format: "jwk" })) }));
  } catch {
    const rule = "must be an Ed25519 public key as JWK or PEM, or a JWK set with key ids";
    throw new ConfigError(`Wrong configuration. AUTH_PUBLIC_KEY: ${rule}`);
  }
}

function toEd25519(key: KeyObject): JWK {
  if (key.asymmetricKeyType !== "ed25519") throw new Error("another kind of key");
  return key.export({ format: "jwk" });
}

function bearerToken(authorization: string): string {
  const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1];
  if (!token) throw unauthorized("token_missing", "Send the header `Authorization: Bearer <token>`.");
  return token;
}

function authorizerClaims(event: APIGatewayProxyEventV2): JWTPayload {
  const context = event.requestContext as { authorizer?: { jwt?: { claims?: JWTPayload } } };
  const claims = context.authorizer?.jwt?.claims;
  if (!claims)
    throw unauthorized("token_missing", "The API has no JWT authorizer in front of this function.");
  return claims;
}

/** A tenant becomes part of every key, so nothing that has a meaning there may be in it. */
function toCaller({ tenant, scope, exp }: JWTPayload): Caller {
  if (typeof tenant !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(tenant)) {
    throw unauthorized("token_invalid", "The claim `tenant` must be 1 to 64 letters, digits, `-` or `_`.");
  }
  if (typeof scope !== "string") throw unauthorized("token_invalid", "The claim `scope` must be a text.");
  const expiresAt = Number(exp ?? Number.POSITIVE_INFINITY); // an authorizer gives every claim as text
  if (!(expiresAt > Date.now() / 1000)) throw unauthorized("token_expired", "The token has expired.");
  return { tenant, scopes: new Set(scope.split(" ").filter(Boolean)), expiresAt };
}

function unauthorized(code: string, detail: string): Problem {
  const error = code === "token_missing" ? "" : ' error="invalid_token"';
  return new Problem(401, code, detail, { headers: { "www-authenticate": `Bearer${error}` } });
}
