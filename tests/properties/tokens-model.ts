import type { Pair } from "../tokens/caller.ts";
import type { Age, Asked, Named } from "./tokens-commands.ts";

export interface ModelGrant {
  readonly user: string;
  readonly device: string | undefined;
  /** The first pair is the oldest, the last the present one. */
  readonly pairs: Pair[];
  readonly revokedAccess: Set<string>;
  ended: boolean;
}

export const GRANTED = "read write";
export const LESS = "write";

/** What presenting a refresh token has to lead to. */
export type Expected =
  | "rotated"
  | { readonly replayed: Pair }
  | { readonly refused: "invalid_grant" | "invalid_scope"; readonly theft: boolean };

const INVALID = { refused: "invalid_grant", theft: false } as const;
const THEFT = { refused: "invalid_grant", theft: true } as const;

/** The tokens as their documentation describes them, without time: a grace lasts for ever, or not at all. */
export class TokensModel {
  readonly grants: ModelGrant[] = [];
  readonly #grace: boolean;
  readonly #maxPerUser: number;

  constructor(options: { readonly grace: boolean; readonly maxPerUser: number }) {
    this.#grace = options.grace;
    this.#maxPerUser = options.maxPerUser;
  }

  /** Oldest first. */
  of(user: string): ModelGrant[] {
    return this.grants.filter((grant) => grant.user === user && !grant.ended);
  }

  issue(user: string, device: string | undefined, pair: Pair): void {
    const [oldest, ...others] = this.of(user);
    if (oldest && others.length + 1 >= this.#maxPerUser) oldest.ended = true;
    this.grants.push({ user, device, pairs: [pair], revokedAccess: new Set(), ended: false });
  }

  /** `age` is how often the token was exchanged since; beyond all pairs it is one that was never given. */
  present(grant: ModelGrant, age: Age, named: Named, asked: Asked): Expected {
    if (grant.ended) return INVALID;
    const isReplay = age === 1 && this.#grace;
    if (age > 0 && !isReplay) return THEFT;
    if (named === "another client" || named === "another device") return INVALID;
    if (asked === "more") return { refused: "invalid_scope", theft: false };
    return isReplay ? { replayed: grant.pairs.at(-1) as Pair } : "rotated";
  }

  isActive(grant: ModelGrant, pair: Pair): { access: boolean; refresh: boolean } {
    return {
      access: !grant.ended && !grant.revokedAccess.has(pair.access_token),
      refresh: !grant.ended && pair === grant.pairs.at(-1),
    };
  }
}
