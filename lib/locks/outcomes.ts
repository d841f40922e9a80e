import { formatName, type LockName, type LockToken } from "./fields.ts";
import type { AcquireReply, LookReply } from "./scripts.ts";

/** Times are milliseconds since 1970, by the clock of Redis. */
export interface Grant {
  readonly name: string;
  readonly fencingToken: number;
  readonly expiresAt: number;
}

export interface Held {
  readonly state: "held";
  /** Keeps the place, if one was taken. */
  readonly ticket: string;
  /** 1 for who is next. */
  readonly position: number;
  /** The lock that is in the way. */
  readonly name: string;
  /** What one of its holders calls itself. */
  readonly owner: string | undefined;
  /** In so many milliseconds a holder or a ticket ends, if it is not renewed. */
  readonly endsInMs: number;
}

export interface Granted {
  readonly state: "granted";
  readonly token: string;
  readonly grants: readonly [Grant, ...Grant[]];
  /** For how much longer all of them are held, at least. */
  readonly leftMs: number;
}

export type Acquired =
  | Granted
  | Held
  /** The ticket has no place (its heartbeat is over, or it is of other locks), or what it was granted has ended. */
  | { readonly state: "lost" }
  /** The key of the call came with another request. */
  | { readonly state: "reused" }
  /** Others share the lock, or wait to, with another number of permits. */
  | { readonly state: "mismatch" }
  | { readonly state: "full" };

export type Extended =
  | ({ readonly state: "extended" } & Omit<Grant, "name">)
  | { readonly state: "lost" }
  | { readonly state: "exhausted" };

export interface Holder {
  readonly owner: string | undefined;
  readonly mode: "exclusive" | "shared";
  /** Undefined, as the owner, if Redis has evicted them. */
  readonly fencingToken: number | undefined;
  readonly expiresAt: number;
}

/** A lock, which may be free: its last fencing token, its permits while it is shared, and who has it. */
export interface LockStatus {
  readonly fencingToken: number | undefined;
  readonly permits: number | undefined;
  readonly holding: number;
  readonly waiting: number;
  /** Those that end first. */
  readonly holders: readonly Holder[];
}

/** `tokenOf` gives the token that was made with a nonce; `askedAt` is when Redis was asked, by `performance.now()`. */
export function readAcquired(
  names: readonly LockName[],
  tokenOf: (nonce: string) => LockToken,
  reply: AcquireReply,
  askedAt: number,
): Acquired {
  if (reply[0] === "granted") {
    const [, nonce, now, ...numbers] = reply;
    const grants = names.map((name, index) => ({
      name: formatName(name),
      fencingToken: Number(numbers[2 * index]),
      expiresAt: Number(numbers[2 * index + 1]),
    })) as [Grant, ...Grant[]];
    const heldMs = Math.min(...grants.map(({ expiresAt }) => expiresAt)) - now;
    const leftMs = askedAt + heldMs - performance.now();
    return { state: "granted", token: tokenOf(nonce).text, grants, leftMs };
  }
  if (reply[0] !== "held") return { state: reply[0] };
  const [state, nonce, before, endsInMs, way, grant] = reply;
  const name = formatName(names[way - 1] as LockName);
  const { owner } = readGrant(grant);
  return { state, ticket: tokenOf(nonce).text, position: before + 1, name, owner, endsInMs };
}

/** Fencing token, extensions and owner, as the scripts write them; nothing of an empty text. */
function readGrant(text: string) {
  const [fencingToken, , ...owner] = text.split(" ");
  return { fencingToken: Number(fencingToken) || undefined, owner: owner.join(" ") || undefined };
}

export function readStatus([last, permits, holding, waiting, ...rows]: LookReply): LockStatus {
  const holders: Holder[] = [];
  for (let at = 0; at < rows.length; at += 3) {
    const [claim = "", ends, grant = ""] = rows.slice(at, at + 3);
    const mode = claim.startsWith("x") ? "exclusive" : "shared";
    holders.push({ ...readGrant(grant), mode, expiresAt: Number(ends) });
  }
  return {
    fencingToken: last === null ? undefined : Number(last),
    permits: permits === null ? undefined : Number(permits),
    holding,
    waiting,
    holders,
  };
}
