import { digestOf, formatToken, type Id, newSecret, parseToken, type Randomness } from "../opaque-token.ts";
import { seal, unseal } from "../seal.ts";

const SUCCESSOR = "refresh successor";
const SECRET_BYTES = 32;
/** A multiple of three, so that its text stays a text of its own within the token's. */
const FAMILY_BYTES = 18;
const FAMILY_LENGTH = (FAMILY_BYTES / 3) * 4;
const SECRET_LENGTH = 43;

/**
 * A token as its bearer has it. All refresh tokens of a grant share the secret of their family: it tells a former
 * token, which only the client or a thief can have, from one that somebody made up to end the grant.
 */
export interface PresentedToken {
  readonly kind: "access" | "refresh";
  readonly id: Id;
  readonly text: string;
  readonly digest: string;
  /** The secret of the family; empty in an access token. */
  readonly family: string;
}

/** Undefined for a text that is no token of ours. */
export function readToken(text: string): PresentedToken | undefined {
  const digest = digestOf(text);
  const access = parseToken(text, SECRET_BYTES);
  if (access) return { kind: "access", id: access.id, text, digest, family: "" };
  const refresh = parseToken(text, FAMILY_BYTES + SECRET_BYTES);
  if (!refresh) return undefined;
  const { id, secret } = refresh;
  return { kind: "refresh", id, text, digest, family: secret.slice(0, FAMILY_LENGTH) };
}

/** What a grant gives at a time. */
export interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export function newFamily(randomness?: Randomness): string {
  return newSecret(FAMILY_BYTES, randomness);
}

/** A pair with new secrets, and the secrets sealed for who presents `predecessor`. */
export function newPair(id: Id, family: string, randomness?: Randomness): Pair {
  const secrets = newSecret(SECRET_BYTES, randomness) + newSecret(SECRET_BYTES, randomness);
  return pairOf(id, family, secrets);
}

export function sealPair({ accessToken, refreshToken }: Pair, predecessor: PresentedToken): string {
  const secrets = accessToken.slice(-SECRET_LENGTH) + refreshToken.slice(-SECRET_LENGTH);
  return seal(SUCCESSOR, predecessor.text, secrets);
}

/** The pair that was sealed for this token. */
export function unsealPair(sealed: string, { id, text, family }: PresentedToken): Pair {
  return pairOf(id, family, unseal(SUCCESSOR, text, sealed));
}

function pairOf(id: Id, family: string, secrets: string): Pair {
  return {
    accessToken: formatToken(id, secrets.slice(0, SECRET_LENGTH)),
    refreshToken: formatToken(id, family + secrets.slice(SECRET_LENGTH)),
  };
}
