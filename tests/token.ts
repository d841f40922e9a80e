import { importJWK, type JWTPayload, SignJWT } from "jose";
import { inject } from "vitest";

const minted = new Map<string, Promise<string>>();

/** A token as the service expects it, or with other claims; the same claims give the same token. */
export function mintToken(claims: JWTPayload): Promise<string> {
  const id = JSON.stringify(claims);
  const token = minted.get(id) ?? sign({ scope: "*", exp: Math.floor(Date.now() / 1000) + 3600, ...claims });
  minted.set(id, token);
  return token;
}

async function sign(claims: JWTPayload): Promise<string> {
  const key = await importJWK(JSON.parse(inject("signingKey")), "EdDSA");
  return new SignJWT(claims).setProtectedHeader({ alg: "EdDSA" }).sign(key);
}
