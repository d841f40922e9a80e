import { expect } from "vitest";
import type { Answer } from "../api.ts";
import type { Composition } from "../composition.ts";

/** What the API tells of a subject. */
export interface Known {
  readonly count: number;
  readonly reactions?: Record<string, number>;
  readonly mine?: string | string[] | null;
  readonly claps?: { readonly total: number; readonly mine?: number };
  readonly approximate?: true;
  readonly standardError?: number;
}

/** A row of who likes a subject. */
export interface Member {
  readonly user: string;
  readonly reaction: string | string[];
  readonly claps?: number;
  readonly at: string;
}

/** The calls of the API, as a site makes them whose pages can be liked. */
export function createCaller(api: Composition["api"]) {
  const path = (subject: string) => `/v1/likes/${encodeURIComponent(subject)}`;
  const userPath = (subject: string, user: string) => `${path(subject)}/users/${encodeURIComponent(user)}`;
  const put = (subject: string, user: string, body?: object) =>
    api("PUT", userPath(subject, user), body ? { body } : {});
  const remove = (subject: string, user: string, body?: object) =>
    api("DELETE", userPath(subject, user), body ? { body } : {});
  const get = (subject: string, user?: string, query: Record<string, string> = {}) =>
    api("GET", path(subject), { query: { ...query, ...(user !== undefined && { user }) } });
  const known = async (call: Promise<Answer>): Promise<Known> => {
    const answer = await call;
    expect(answer.status, answer.text).toBe(200);
    return answer.json;
  };
  return {
    put,
    remove,
    get,
    like: (subject: string, user: string, body?: object) => known(put(subject, user, body)),
    unlike: (subject: string, user: string, body?: object) => known(remove(subject, user, body)),
    read: (subject: string, user?: string) => known(get(subject, user)),
    batchGet: (subjects: readonly string[], user?: string, query: Record<string, string> = {}) =>
      api("POST", "/v1/likes/batch-get", { body: { subjects, user }, query }),
    users: (subject: string, query: Record<string, string> = {}) =>
      api("GET", `${path(subject)}/users`, { query }),
    liked: (user: string, query: Record<string, string> = {}) =>
      api("GET", `/v1/likes/users/${encodeURIComponent(user)}`, { query }),
    trending: (query: Record<string, string> = {}) => api("GET", "/v1/likes/trending", { query }),
  };
}

export type LikesCaller = ReturnType<typeof createCaller>;

/** The users on a page. */
export function usersOf({ json }: Answer): string[] {
  return json.users.map(({ user }: Member) => user);
}

/** The subjects on a page of what a user likes. */
export function subjectsOf({ json }: Answer): string[] {
  return json.likes.map(({ subject }: { subject: string }) => subject);
}
