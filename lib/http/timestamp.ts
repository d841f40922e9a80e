/** Milliseconds since 1970 as a body tells a time (RFC 3339, UTC). */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
