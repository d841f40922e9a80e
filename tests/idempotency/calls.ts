import type { Answer } from "../api.ts";
import { type Composition, type CompositionOptions, composeSessions, composeTokens } from "../composition.ts";

/** An operation that takes an idempotency key, in a sandbox of its own. */
export interface KeyedCall {
  readonly compose: (redisUrl: string, options?: CompositionOptions) => Composition<unknown>;
  /** Makes what the call needs, and says what to send. */
  prepare(api: Composition["api"]): Promise<{ readonly path: string; readonly body: object }>;
  /** Another body for the same operation. */
  readonly other: object;
  /** How many things there are of what the call makes. */
  count(api: Composition["api"]): Promise<number>;
}

const USER = { userId: "ann", clientId: "app", scope: "read" };

export const KEYED: Readonly<Record<string, KeyedCall>> = {
  "POST /v1/sessions": {
    compose: composeSessions,
    prepare: async () => ({ path: "/v1/sessions", body: { userId: "ann", data: { a: 1 } } }),
    other: { userId: "bob" },
    count: async (api) => (await api("GET", "/v1/sessions/users/ann")).json.sessions.length,
  },
  "POST /v1/tokens": {
    compose: composeTokens,
    prepare: async () => ({ path: "/v1/tokens", body: USER }),
    other: { ...USER, scope: "write" },
    count: async (api) => (await api("GET", "/v1/tokens/users/ann")).json.grants.length,
  },
};

/** Sends a call with a key. */
export function send(
  { api }: Pick<Composition, "api">,
  { path, body }: { readonly path: string; readonly body: object },
  key: string,
): Promise<Answer> {
  return api("POST", path, { body, headers: { "idempotency-key": `"${key}"` } });
}
