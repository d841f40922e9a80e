import * as z from "zod/mini";
import { parsed, parsedText, type Reason, text } from "../parsed-text.ts";
import { canonicalTimeZone, isDate } from "./periods.ts";

const MAX_METADATA_BYTES = 1024;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

export const BoardName = parsedText(
  "1 to 128 letters, digits and characters of `-._~:@`, but not `.` or `..`.",
  (name) =>
    /^[\w.~:@-]{1,128}$/.test(name) && name !== "." && name !== ".."
      ? name
      : { reason: "must be 1 to 128 letters, digits and characters of -._~:@, but not . or .." },
);

export const Member = text(256);

/** JSON cannot write what is not a number, and reads what is beyond all doubles as infinite, which is refused. */
export const Score = z.number();

/** A score in a query. */
export const ScoreText = parsedText("A finite decimal number.", (value) => {
  const score = Number(value);
  return DECIMAL.test(value) && Number.isFinite(score)
    ? score + 0
    : { reason: "must be a finite decimal number" };
});

export const DateText = parsedText("A calendar date such as `2026-11-20`.", (value) =>
  isDate(value) ? value : { reason: "must be a calendar date such as 2026-11-20" },
);

export const TimeZone = parsedText("The IANA name of a time zone, such as `Europe/Berlin`.", (name) => {
  const canonical = canonicalTimeZone(name);
  if (!canonical) return { reason: "must be the IANA name of a time zone, such as Europe/Berlin" };
  // Intl may know it by an older name, which nobody wrote.
  return canonical.toLowerCase() === name.toLowerCase() ? canonical : name;
});

/** Output: its JSON. */
export const Metadata = parsed(
  {
    type: "object",
    description: `An object of at most ${MAX_METADATA_BYTES} bytes of JSON; null to forget it.`,
  },
  (value): string | Reason => {
    if (typeof value !== "object" || Array.isArray(value)) return { reason: "must be an object" };
    let finite = true;
    const json = JSON.stringify(value, (_, inner) => {
      finite &&= typeof inner !== "number" || Number.isFinite(inner);
      return inner;
    });
    if (!finite) return { reason: "must not have a number beyond 1.8e308" }; // JSON would write it as null
    return Buffer.byteLength(json) <= MAX_METADATA_BYTES
      ? json
      : { reason: `must be at most ${MAX_METADATA_BYTES} bytes of JSON` };
  },
);
