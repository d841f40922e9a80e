import { parseList } from "structured-headers";
import * as z from "zod/mini";
import { parsedText, type Reason, text } from "../parsed-text.ts";
import { parseCacheControl } from "./cache-control.ts";
import { parseLease } from "./lease.ts";

const MAX_GROUPS = 128;
/** A lease names them all, in a header. RFC 9875 asks for 128 groups of 32 characters. */
const MAX_GROUP_BYTES = 4096;
const TOO_MANY = `must be at most ${MAX_GROUPS} groups of together ${MAX_GROUP_BYTES} characters`;
const PRINTABLE = /^[\x20-\x7e]{1,256}$/;

/** The name of an entry. */
export const Key = text(512);

/** The name of a group, as a structured field can carry it. */
export const Group = printable();

/** A content type or coding: kept and sent back as it is, so nothing may be in it that ends a header line. */
export const MediaField = printable();

export const Groups = z.array(Group).check(z.refine(fits, TOO_MANY));

export const CacheControl = parsedText(
  "RFC 9111 and 5861, such as `max-age=60, stale-while-revalidate=30`.",
  parseCacheControl,
);

/** `Cache-Groups` (RFC 9875): a structured list of strings; parameters are ignored. */
export const CacheGroups = parsedText('RFC 9875, such as `"a", "b"`.', parseGroups);

/** Only the star: a put that may create and nothing else. */
export const Star = parsedText("`*`, to create only.", (value) =>
  value === "*" ? value : { reason: "must be *, to create only" },
);

export const LeaseToken = parsedText(
  "A `Cache-Lease` that a miss or a stale hit has given.",
  (value) => parseLease(value) ?? { reason: "is not a lease of this cache" },
);

function printable() {
  return parsedText("1 to 256 printable ASCII characters.", (value) =>
    PRINTABLE.test(value) ? value : { reason: "must be 1 to 256 printable ASCII characters" },
  );
}

function fits(names: readonly string[]): boolean {
  return names.length <= MAX_GROUPS && names.join("").length <= MAX_GROUP_BYTES;
}

function parseGroups(value: string): string[] | Reason {
  try {
    const names = parseList(value).map(([item]) => item);
    const isGroup = (name: unknown): name is string => typeof name === "string" && PRINTABLE.test(name);
    if (names.every(isGroup)) return fits(names) ? [...new Set(names)] : { reason: TOO_MANY };
  } catch {
    // Not a structured list at all.
  }
  return { reason: 'must be a list of quoted strings of 1 to 256 characters, such as "a", "b"' };
}
