import * as z from "zod/mini";
import { digestOf } from "../opaque-token.ts";
import { parsedText, text } from "../parsed-text.ts";

/** The most that may share a lock; as many may where nobody says how many. */
export const MAX_PERMITS = 1000;

/** A lock's name: what comes before its first slash is the group, and locks of one group share a slot. */
export interface LockName {
  readonly group: string;
  /** Empty for a lock that is named as its group. */
  readonly rest: string;
}

/** What opens a grant, or keeps a place in a queue. Redis has its digest only. */
export interface LockToken {
  readonly text: string;
  /** Whether it is of somebody who holds with nobody beside. */
  readonly exclusive: boolean;
  /** How many locks it is of: of those together, and of no others. */
  readonly locks: number;
}

/** The path of the operation on several locks. */
const RESERVED = "batch";
const TOKEN = /^[sx][\w-]{43}$/;

const Text = text(256);

/** 1 to 256 bytes, in parts between slashes. */
export const LockNameText = parsedText(
  "1 to 256 bytes of UTF-8, anything but NUL; parts between slashes, none of them empty, `.` or `..`; not `batch`. Locks share a slot if their first parts are the same.",
  (value) => {
    const parsed = z.safeParse(Text, value);
    if (!parsed.success) return { reason: parsed.error.issues[0]?.message ?? "" };
    const [group = "", ...rest] = value.split("/");
    if ([group, ...rest].some((part) => ["", ".", ".."].includes(part)))
      return { reason: "must have no part between slashes that is empty, `.` or `..`" };
    if (value === RESERVED) return { reason: "must not be `batch`" };
    return { group, rest: rest.join("/") } satisfies LockName;
  },
);

export function formatName({ group, rest }: LockName): string {
  return rest === "" ? group : `${group}/${rest}`;
}

/** The schema of a token or a ticket. */
export const LockTokenText = parsedText("What a POST answered.", (value) =>
  TOKEN.test(value) ? readToken(value) : { reason: "is no token or ticket of a lock" },
);

export function readToken(text: string): LockToken {
  return { text, exclusive: text.startsWith("x"), locks: Number.parseInt(text.charAt(1), 36) };
}

/** Of up to 35 locks. */
export function newToken(exclusive: boolean, locks: number, secret: string): LockToken {
  return readToken((exclusive ? "x" : "s") + locks.toString(36) + secret.slice(1));
}

/** As what Redis knows who has a token: the script sees who must be alone. */
export function claimOf({ text, exclusive }: LockToken): string {
  return (exclusive ? "x" : "s") + digestOf(text);
}
