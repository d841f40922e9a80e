import { createHash } from "node:crypto";
import { zlib } from "./zlib.ts";

/** How long an entry may be served, in milliseconds, counted from the put. */
export interface Life {
  /** As good as new. */
  readonly freshMs: number;
  /** After that: while somebody fetches a new one (RFC 5861, stale-while-revalidate). */
  readonly staleMs: number;
  /** After it was fresh: to a caller whose origin fails (RFC 5861, stale-if-error). */
  readonly errorMs: number;
}

/** The token of each group of an entry, as it was when the entry was put. */
export type Tokens = Readonly<Record<string, string>>;

/** What is kept of an entry beside its body; JSON in Redis, where the scripts read some of it. */
export interface Head {
  /** Names this one put among all. */
  readonly version: string;
  /** Strong entity tag without quotes. */
  readonly etag: string;
  readonly contentType: string;
  readonly contentEncoding?: string | undefined;
  /** Bytes of the body as the caller sees it. */
  readonly size: number;
  readonly compressed?: true | undefined;
  /** The origin has no such thing. */
  readonly absent?: true | undefined;
  readonly freshMs: number;
  readonly staleMs?: number | undefined;
  readonly errorMs?: number | undefined;
  readonly groups?: Tokens | undefined;
}

export type State = "fresh" | "stale" | "expired";

/** An entry as a caller sees it now. */
export interface Entry {
  readonly head: Head;
  /** Absent where only the head was read, or the body was larger than asked for. */
  readonly body: Buffer | undefined;
  /** `expired`: past its stale window, kept for callers whose origin fails. */
  readonly state: State;
  readonly ageMs: number;
  /** What is left of each window; negative once it is over. */
  readonly left: Life;
}

/** Below this a compressed body would save less than it costs. */
const COMPRESS_FROM_BYTES = 1024;
const WORTH = 0.9;

/** Compresses a body that is large and gets at least a tenth smaller. Up to some 10 milliseconds for a mebibyte. */
export function packBody(body: Buffer): { stored: Buffer; compressed?: true } {
  if (body.length < COMPRESS_FROM_BYTES) return { stored: body };
  const stored = zlib().zstdCompressSync(body);
  return stored.length < body.length * WORTH ? { stored, compressed: true } : { stored: body };
}

/** A strong entity tag: equal only for the same bytes of the same type. */
export function etagOf(body: Buffer, contentType: string, contentEncoding = ""): string {
  return createHash("sha256")
    .update(`${contentType}\n${contentEncoding}\n`)
    .update(body)
    .digest("base64url")
    .slice(0, 27);
}

/** How long Redis keeps an entry of this life. */
export function retentionMs({
  freshMs,
  staleMs = 0,
  errorMs = 0,
}: Pick<Head, "freshMs" | "staleMs" | "errorMs">): number {
  return freshMs + Math.max(staleMs, errorMs);
}

/**
 * Reads what Redis answered. Every time is derived from the key's remaining life, so that only the server's clock
 * counts. Undefined for an entry that is not there or ended while it was read.
 */
export function readEntry(
  head: Buffer | null,
  body: Buffer | null | undefined,
  leftMs: number,
): Entry | undefined {
  if (!head || leftMs < 0) return undefined;
  const parsed: Head = JSON.parse(head.toString());
  const ageMs = Math.max(0, retentionMs(parsed) - leftMs);
  const left = {
    freshMs: parsed.freshMs - ageMs,
    staleMs: parsed.freshMs + (parsed.staleMs ?? 0) - ageMs,
    errorMs: parsed.freshMs + (parsed.errorMs ?? 0) - ageMs,
  };
  const state = left.freshMs > 0 ? "fresh" : left.staleMs > 0 ? "stale" : "expired";
  return { head: parsed, body: body ? unpackBody(parsed, body) : undefined, state, ageMs, left };
}

function unpackBody({ compressed }: Head, stored: Buffer): Buffer {
  return compressed ? zlib().zstdDecompressSync(stored) : stored;
}
