import type { Head, Life } from "./entry.ts";

const DIRECTIVE = /^\s*([!#$%&'*+.^_`|~\w-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w-]+)))?\s*$/;
const SECONDS = /^\d{1,10}$/;
const WITH_SECONDS = ["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"];

/** The directives of a `Cache-Control` field that this cache obeys, in seconds. */
export interface CacheControl {
  readonly maxAge?: number;
  readonly staleWhileRevalidate?: number;
  readonly staleIfError?: number;
  readonly noStore?: true;
}

/**
 * Reads `Cache-Control` (RFC 9111 section 5.2, RFC 5861). `s-maxage` overrides `max-age`, as for any shared cache;
 * directives that are not for us are ignored as the RFC asks. Returns the reason when the field is malformed, says a
 * thing twice.
 */
export function parseCacheControl(field: string): CacheControl | { readonly reason: string } {
  const directives = new Map<string, string | undefined>();
  for (const part of splitList(field)) {
    const [, name, quoted, token] = DIRECTIVE.exec(part) ?? [];
    if (!name) return { reason: "is not a list of directives" };
    const directive = name.toLowerCase();
    if (directives.has(directive)) return { reason: `says ${directive} twice` };
    const value = quoted ?? token;
    if (WITH_SECONDS.includes(directive) && !SECONDS.test(value ?? "")) {
      return { reason: `${directive} must be a whole number of seconds` };
    }
    directives.set(directive, value);
  }
  const seconds = (name: string) => (directives.has(name) ? Number(directives.get(name)) : undefined);
  const maxAge = seconds("s-maxage") ?? seconds("max-age");
  const staleWhileRevalidate = seconds("stale-while-revalidate");
  const staleIfError = seconds("stale-if-error");
  return {
    ...(maxAge !== undefined && { maxAge }),
    ...(staleWhileRevalidate !== undefined && { staleWhileRevalidate }),
    ...(staleIfError !== undefined && { staleIfError }),
    ...(directives.has("no-store") && { noStore: true as const }),
  };
}

/** What is left of an entry's life as a `Cache-Control` field; windows that are over are left out. */
export function formatCacheControl(
  left: Life,
  { staleMs = 0, errorMs = 0 }: Pick<Head, "staleMs" | "errorMs">,
): string {
  const seconds = (ms: number) => Math.max(0, Math.floor(ms / 1000));
  const fresh = Math.max(0, left.freshMs);
  const parts = [`max-age=${seconds(fresh)}`];
  if (staleMs > 0) parts.push(`stale-while-revalidate=${seconds(left.staleMs - fresh)}`);
  if (errorMs > 0) parts.push(`stale-if-error=${seconds(left.errorMs - fresh)}`);
  return parts.join(", ");
}

/** Splits at the commas that are not inside quotes; empty elements are allowed and dropped (RFC 9110 section 5.6.1). */
function splitList(field: string): string[] {
  const parts = field.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? [];
  return parts.filter((part) => part.trim() !== "");
}
