import * as z from "zod/mini";

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

export function formatLease({ nonce, durationMs, clock, groups }: Lease): string {
  return Buffer.from(JSON.stringify([nonce, durationMs, clock, groups])).toString("base64url");
}

/** Undefined for a text that this service never gave out. */
export function parseLease(text: string): Lease | undefined {
  try {
    const [nonce, durationMs, clock, groups] = z.parse(
      Fields,
      JSON.parse(Buffer.from(text, "base64url").toString()),
    );
    return { nonce, durationMs, clock, groups };
  } catch {
    return undefined;
  }
}
