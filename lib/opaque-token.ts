import { hash, hkdfSync, randomBytes } from "node:crypto";
import { parsedText, text } from "./parsed-text.ts";

const HOME_LENGTH = 20;
const ID = /^[\w-]{20}[0-9a-z]{9}[\w-]{11}$/;

/**
 * Names something that belongs to a user. All that is a user's has the same `home`, by which it shares a slot; `name`
 * is its own, and names sort by the time at which they were made. Neither is a secret.
 */
export interface Id {
  readonly home: string;
  readonly name: string;
}

/** The id of a user, as the caller knows them. */
export const UserId = text(256);

/** 120 bits of a SHA-256: no two users share one. It tells a user id only to who has guessed it. */
export function homeOf(tenant: string, userId: string): string {
  return hash("sha256", JSON.stringify([tenant, userId]), "base64url").slice(0, HOME_LENGTH);
}

/** What new ids and secrets are made of. */
export interface Randomness {
  /** In milliseconds. */
  readonly now: number;
  bytes(count: number): Buffer;
}

/** The same again in the same order, for a call that is sent again: `seed` is random, and secret. */
export function createRandomness(now: number, seed: Buffer): Randomness {
  let drawn = 0;
  return { now, bytes: (count) => Buffer.from(hkdfSync("sha256", seed, "", `draw ${drawn++}`, count)) };
}

/** A name that nothing else has: the time in milliseconds, and 64 random bits. */
export function newId(home: string, randomness?: Randomness): Id {
  const now = randomness?.now ?? Date.now();
  return { home, name: now.toString(36).padStart(9, "0") + newSecret(8, randomness) };
}

export function formatId({ home, name }: Id): string {
  return home + name;
}

/** Undefined for a text that is no id. */
function parseId(value: string): Id | undefined {
  if (!ID.test(value)) return undefined;
  return { home: value.slice(0, HOME_LENGTH), name: value.slice(HOME_LENGTH) };
}

/** The schema of an id. */
export function id(what: string) {
  return parsedText(
    `The id of a ${what}.`,
    (value) => parseId(value) ?? { reason: `is not the id of a ${what}` },
  );
}

/** So many random bytes as base64url. */
export function newSecret(bytes: number, randomness?: Randomness): string {
  return (randomness?.bytes(bytes) ?? randomBytes(bytes)).toString("base64url");
}

/** A token: the id of what it opens, and a secret. */
export function formatToken(id: Id, secret: string): string {
  return `${formatId(id)}.${secret}`;
}

/** Undefined for a text that is no token with a secret of so many bytes. */
export function parseToken(token: string, secretBytes: number): { id: Id; secret: string } | undefined {
  const [idText = "", secret = "", ...more] = token.split(".");
  const id = parseId(idText);
  if (!id || more.length > 0 || !isSecret(secret, secretBytes)) return undefined;
  return { id, secret };
}

function isSecret(text: string, bytes: number): boolean {
  const decoded = Buffer.from(text, "base64url");
  return decoded.length === bytes && decoded.toString("base64url") === text;
}

/**
 * What Redis keeps of a secret or a token: its SHA-256. Secrets are random, so no salt is needed; and how long it takes
 * to compare two digests says nothing of the secrets.
 */
export function digestOf(text: string): string {
  return hash("sha256", text, "base64url");
}
