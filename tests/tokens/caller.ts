import { expect } from "vitest";
import type { Answer, CallOptions } from "../api.ts";
import type { Composition } from "../composition.ts";

const TOKENS = "/v1/tokens";
const FORM = "application/x-www-form-urlencoded";

/** A pair of tokens as the API gives it. */
export interface Pair {
  readonly access_token: string;
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly scope: string;
}

/** The calls of the API, as a backend and its OAuth clients make them. */
export function createCaller(api: Composition["api"]) {
  /** Text and bytes are sent as they are. */
  const post = (
    name: string,
    fields: Record<string, string> | string | Buffer,
    options: Pick<CallOptions, "token"> = {},
  ) => {
    const isPlain = typeof fields === "string" || Buffer.isBuffer(fields);
    const body = isPlain ? fields : new URLSearchParams(fields).toString();
    return api("POST", `${TOKENS}/${name}`, { body, headers: { "content-type": FORM }, ...options });
  };
  const issue = (body: object) => api("POST", TOKENS, { body });
  const user = (userId: string) => `${TOKENS}/users/${encodeURIComponent(userId)}`;
  const refresh = (refresh_token: string, more: Record<string, string> = {}) =>
    post("refresh", { grant_type: "refresh_token", refresh_token, ...more });
  const introspect = (token: string) => post("introspect", { token });
  return {
    post,
    issue,
    async begin(userId: string, more: object = {}): Promise<Pair> {
      const answer = await issue({ userId, clientId: "app", scope: "read write", ...more });
      expect(answer.status, answer.text).toBe(200);
      return answer.json;
    },
    refresh,
    async refreshed(refreshToken: string, more: Record<string, string> = {}): Promise<Pair> {
      const answer = await refresh(refreshToken, more);
      expect(answer.status, answer.text).toBe(200);
      return answer.json;
    },
    /** As JSON, with the members as they are. */
    refreshJson: (body: object) => api("POST", `${TOKENS}/refresh`, { body }),
    introspect,
    isActive: async (token: string): Promise<boolean> => (await introspect(token)).json.active,
    revoke: (token: string) => post("revoke", { token }),
    endGrant: (id: string) => api("DELETE", `${TOKENS}/grants/${id}`),
    list: (userId: string, query: Record<string, string> = {}) => api("GET", user(userId), { query }),
    endAll: (userId: string) => api("DELETE", user(userId)),
  };
}

export type TokensCaller = ReturnType<typeof createCaller>;

/** The id of the grant that a token belongs to. */
export function grantOf(token: string): string {
  return token.split(".")[0] ?? "";
}

/** The ids on a page. */
export function idsOf({ json }: Answer): string[] {
  return json.grants.map(({ id }: { id: string }) => id);
}
