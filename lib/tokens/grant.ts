import { formatId, type Id } from "../opaque-token.ts";

/** What of a grant never changes: for whom, to whom, for what, and from where. */
export interface Head {
  readonly userId: string;
  readonly clientId: string;
  readonly scope: string;
  readonly device?: string | undefined;
}

/** A grant in force. Times are milliseconds since 1970, by the clock of Redis. */
export interface Grant extends Head {
  readonly id: string;
  readonly createdAt: number;
  readonly refreshedAt: number | undefined;
  readonly expiresAt: number;
}

/** The fields of a grant's hash that describe it. */
export const GRANT_FIELDS = ["head", "created", "refreshed", "ends"] as const;

/** Undefined for a grant that is no more. */
export function readGrant(id: Id, fields: readonly (string | null)[]): Grant | undefined {
  const [head, created, refreshed, ends] = fields;
  if (!head || !ends) return undefined;
  return {
    ...(JSON.parse(head) as Head),
    id: formatId(id),
    createdAt: Number(created),
    refreshedAt: refreshed ? Number(refreshed) : undefined,
    expiresAt: Number(ends),
  };
}
