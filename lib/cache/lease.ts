import * as z from "zod/mini";
import { zlib } from "./zlib.ts";

/** The right to fill one entry. The caller keeps it between the miss and the put, as an opaque text. */
export interface Lease {
  /** What Redis remembers of the lease. */
  readonly nonce: string;
  readonly durationMs: number;
  /** The tenant's invalidation clock when the lease was given. */
  readonly clock: number;
  /** The groups of the entry that is being replaced. */
  readonly groups: readonly string[];
}

export const MAX_LEASE_MS = 60_000;

const Fields = z.tuple([
  z.string().check(z.regex(/^[\w-]{1,64}$/)),
  z.int().check(z.minimum(1), z.maximum(MAX_LEASE_MS)),
  z.int().check(z.minimum(0)),
  z.array(z.string().check(z.maxLength(256))).check(z.maxLength(128)),
]);

/** Names of groups shrink, so that they fit into a header twice: in the lease and in the PUT that brings it back. */
const DEFLATED = "z";
const PLAIN = "j";
const MAX_JSON_BYTES = 65_536;

export function formatLease({ nonce, durationMs, clock, groups }: Lease): string {
  const json = Buffer.from(JSON.stringify([nonce, durationMs, clock, groups]));
  if (groups.length === 0) return PLAIN + json.toString("base64url");
  return DEFLATED + zlib().deflateRawSync(json).toString("base64url");
}

/** Undefined for a text that this service never gave out. */
export function parseLease(text: string): Lease | undefined {
  try {
    const bytes = Buffer.from(text.slice(1), "base64url");
    const json =
      text[0] === DEFLATED ? zlib().inflateRawSync(bytes, { maxOutputLength: MAX_JSON_BYTES }) : bytes;
    const [nonce, durationMs, clock, groups] = z.parse(Fields, JSON.parse(json.toString()));
    return { nonce, durationMs, clock, groups };
  } catch {
    return undefined;
  }
}
