import { formatCacheControl } from "../../lib/cache/cache-control.ts";
import type { Entry } from "../../lib/cache/entry.ts";

/** `Cache-Status` (RFC 9211) of an answer without an entry: the caller has to go to the origin. */
export const MISS = { "cache-status": "redigate; fwd=miss" };

/** The fields that tell how an entry was found: tag, age, what is left of its life, and hit or stale. */
export function entryHeaders(entry: Entry): Record<string, string> {
  const { head, state, ageMs, left } = entry;
  const seconds = Math.floor(left.freshMs / 1000);
  const ttl = state === "fresh" ? seconds : Math.min(-1, seconds);
  const detail = head.absent ? "; detail=known_absent" : state === "fresh" ? "" : "; detail=stale";
  return {
    ...(!head.absent && { etag: `"${head.etag}"` }),
    vary: "authorization", // the path says nothing of the tenant
    age: String(Math.floor(ageMs / 1000)),
    "cache-control": formatCacheControl(left, head),
    "cache-status": `redigate; hit; ttl=${ttl}${detail}`,
  };
}
