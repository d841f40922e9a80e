import { createHmac, type webcrypto } from "node:crypto";
import { generateKeyPair, importJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import { inject } from "vitest";

export const GOOD = {
  tenant: "acme",
  scope: "*",
  exp: Math.floor(Date.now() / 1000) + 3600,
} satisfies JWTPayload;

/** Signs whatever is given, with the key of the tests or another. */
export async function signed(
  claims: JWTPayload,
  { key, header = {}, crit = {} }: Signing = {},
): Promise<string> {
  const signer = key ?? (await importJWK(JSON.parse(inject("signingKey")), "EdDSA"));
  return new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", ...header }).sign(signer, { crit });
}

export interface Signing {
  readonly key?: webcrypto.CryptoKey;
  readonly header?: Partial<JWTHeaderParameters>;
  readonly crit?: Record<string, boolean>;
}

/** Another Ed25519 pair than that of the tests. */
export function newPair() {
  return generateKeyPair("EdDSA", { extractable: true });
}

/** A token put together by hand; `secret` makes an HMAC, and without it there is no signature. */
export function forged(header: object, claims: object, secret?: string | Buffer): string {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const mac = secret === undefined ? "" : createHmac("sha256", secret).update(text).digest("base64url");
  return `${text}.${mac}`;
}
