import { expect } from "vitest";
import type { Composition } from "../composition.ts";

export interface Granted {
  readonly token: string;
  readonly fencingToken: number;
  readonly expiresAt: string;
}

/** The calls of the API, as those who work on the same things make them. */
export function createCaller(api: Composition["api"]) {
  const path = (name: string) => `/v1/locks/${name.split("/").map(encodeURIComponent).join("/")}`;
  const acquire = (name: string, body: object = {}, headers: Record<string, string> = {}) =>
    api("POST", path(name), { body: { ttlSeconds: 30, ...body }, headers });
  const withToken = (token: string) => ({ headers: { "lock-token": token } });
  return {
    acquire,
    acquireAll: (names: readonly string[], body: object = {}, headers: Record<string, string> = {}) =>
      api("POST", "/v1/locks/batch", { body: { names, ttlSeconds: 30, ...body }, headers }),
    /** Takes a lock that is free. */
    async take(name: string, body: object = {}): Promise<Granted> {
      const answer = await acquire(name, body);
      expect(answer.status, answer.text).toBe(201);
      return answer.json;
    },
    /** Gets into the queue of a lock that is not. */
    async queueUp(name: string, body: object = {}): Promise<string> {
      const answer = await acquire(name, body);
      expect(answer.status, answer.text).toBe(409);
      return answer.json.ticket;
    },
    extend: (name: string, token: string, ttlSeconds = 30) =>
      api("PUT", path(name), { body: { ttlSeconds }, ...withToken(token) }),
    release: (name: string, token: string) => api("DELETE", path(name), withToken(token)),
    get: (name: string) => api("GET", path(name)),
  };
}

export type LocksCaller = ReturnType<typeof createCaller>;
