import { expect } from "vitest";
import type { Answer } from "../api.ts";
import type { Composition } from "../composition.ts";

const SESSIONS = "/v1/sessions";

/** A session as the API shows it. */
export interface Shown {
  readonly id: string;
  readonly userId: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly absoluteExpiresAt: string;
  readonly device?: string;
  readonly data: Record<string, unknown>;
  readonly version: number;
}

export interface Begun {
  readonly session: Shown;
  readonly token: string;
  readonly evicted: readonly string[];
}

/** The calls of the API, as a backend that keeps its logins there makes them. */
export function createCaller(api: Composition["api"]) {
  const create = (body: object) => api("POST", SESSIONS, { body });
  const user = (userId: string) => `${SESSIONS}/users/${encodeURIComponent(userId)}`;
  return {
    create,
    async begin(userId: string, more: object = {}): Promise<Begun> {
      const answer = await create({ userId, ...more });
      expect(answer.status, answer.text).toBe(201);
      return answer.json;
    },
    verify: (token: string) => api("POST", `${SESSIONS}/verify`, { body: { token } }),
    get: (id: string) => api("GET", `${SESSIONS}/${id}`),
    patch: (id: string, patch: object | string, headers: Record<string, string> = {}) =>
      api("PATCH", `${SESSIONS}/${id}/data`, {
        body: patch,
        headers: { "content-type": "application/merge-patch+json", ...headers },
      }),
    rotate: (id: string) => api("POST", `${SESSIONS}/${id}/rotate`),
    end: (id: string) => api("DELETE", `${SESSIONS}/${id}`),
    list: (userId: string, query: Record<string, string> = {}) => api("GET", user(userId), { query }),
    endAll: (userId: string, except?: string) =>
      api("DELETE", user(userId), except === undefined ? {} : { query: { except } }),
  };
}

export type SessionsCaller = ReturnType<typeof createCaller>;

/** The ids on a page. */
export function idsOf({ json }: Answer): string[] {
  return json.sessions.map(({ id }: Shown) => id);
}
