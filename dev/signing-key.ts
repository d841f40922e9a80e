import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import { privateFile } from "./private-file.ts";

/** What a token says about its bearer. */
export interface TokenClaims {
  readonly tenant: string;
  /** Space-separated, such as `cache:* sessions:read`; `*` alone is all but those of `ops`. */
  readonly scope: string;
  readonly days: number;
}

/** A private Ed25519 key as JSON text. Its id is the thumbprint, so the same key always has the same one. */
export async function newKey(): Promise<string> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return `${JSON.stringify(await withKeyId(await exportJWK(privateKey)))}\n`;
}

/** The key of this machine, made on first use. */
export async function developmentKey(stateDir: string): Promise<JWK> {
  const file = join(stateDir, "development-key.json");
  return JSON.parse(await privateFile(file, newKey));
}

/** A private key from a JWK or PKCS#8 PEM file. Rejects with a reason fit for people. */
export async function readKey(file: string): Promise<JWK> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new Error(`the key file ${file} cannot be read`);
  });
  const wrong = new Error(`the key file ${file} must hold a private Ed25519 key as JWK or PKCS#8 PEM`);
  try {
    const format = text.trimStart().startsWith("{")
      ? ({ key: JSON.parse(text), format: "jwk" } as const)
      : ({ key: text, format: "pem" } as const);
    const jwk = createPrivateKey(format).export({ format: "jwk" }) as JWK;
    const { kid } = format.format === "jwk" ? (format.key as JWK) : {};
    if (jwk.crv === "Ed25519") return withKeyId({ ...jwk, ...(kid && { kid }) });
  } catch {
    throw wrong;
  }
  throw wrong;
}

/** The part of a key that may be known to all, as JSON for AUTH_PUBLIC_KEY. */
export function publicKey({ kty, crv, x, kid }: JWK): string {
  return JSON.stringify({ kty, crv, x, kid, alg: "EdDSA", use: "sig" });
}

/** A signed token, valid from now for the given number of days. */
export async function mintToken(key: JWK, { tenant, scope, days }: TokenClaims): Promise<string> {
  const header = { alg: "EdDSA", ...(key.kid && { kid: key.kid }) };
  return new SignJWT({ tenant, scope })
    .setProtectedHeader(header)
    .setIssuedAt()
    .setExpirationTime(`${days} days`)
    .sign(await importJWK(key, "EdDSA"));
}

async function withKeyId(jwk: JWK): Promise<JWK> {
  return { kid: await calculateJwkThumbprint(jwk), ...jwk };
}
