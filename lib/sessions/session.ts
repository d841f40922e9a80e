import { formatId, type Id } from "../opaque-token.ts";
import { type Data, unpackData } from "./data.ts";
import type { FindReply } from "./scripts.ts";

/** What of a session never changes. */
export interface Head {
  readonly userId: string;
  readonly device?: string | undefined;
  /** Never more than `absoluteMs`. */
  readonly idleMs: number;
  readonly absoluteMs: number;
}

/** A session that lives. Times are milliseconds since 1970, by the clock of Redis. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly device: string | undefined;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** When it ends unless it is seen again: never after `absoluteExpiresAt`. */
  readonly expiresAt: number;
  readonly absoluteExpiresAt: number;
  /** Counts the changes of `data`. */
  readonly version: number;
  readonly data: Data;
}

/** A session, or why there is none: it never was or is long forgotten, it expired, or somebody ended it. */
export type Found =
  | { readonly state: "live"; readonly session: Session }
  | { readonly state: "unknown" | "expired" | "revoked" };

export function readSession(id: Id, reply: FindReply): Found {
  if (reply[0] !== "live") return { state: reply[0] };
  const [state, headText, created, seen, ends, version, data] = reply;
  const session = newSession(id, JSON.parse(headText), Number(created), data ?? "{}");
  return {
    state,
    session: { ...session, lastSeenAt: Number(seen), expiresAt: Number(ends), version: Number(version) },
  };
}

/** A session as it begins. */
export function newSession(id: Id, head: Head, createdAt: number, packedData: string): Session {
  const { userId, device, idleMs, absoluteMs } = head;
  return {
    id: formatId(id),
    userId,
    device,
    createdAt,
    lastSeenAt: createdAt,
    expiresAt: createdAt + idleMs,
    absoluteExpiresAt: createdAt + absoluteMs,
    version: 1,
    data: unpackData(packedData),
  };
}
