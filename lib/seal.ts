import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts `text` so that only who has `secret` can read it: AES-256-GCM (NIST SP 800-38D) under a key that HKDF (RFC
 * 5869) derives from the secret, for one purpose. What Redis holds of the secret is at most its SHA-256, from which that
 * key cannot be had.
 */
export function seal(purpose: string, secret: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(purpose, secret), nonce);
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString(
    "base64url",
  );
}

/** Throws when it was sealed for another secret or purpose, or changed since. */
export function unseal(purpose: string, secret: string, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64url");
  const decipher = createDecipheriv(CIPHER, keyOf(purpose, secret), bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
  return Buffer.concat([text, decipher.final()]).toString();
}

function keyOf(purpose: string, secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", `redigate ${purpose}`, 32));
}
