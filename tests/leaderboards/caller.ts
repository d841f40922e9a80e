import { expect } from "vitest";
import type { Answer } from "../api.ts";
import type { Composition } from "../composition.ts";

/** A member on a page, among neighbours or friends. */
export interface Ranked {
  readonly rank: number;
  readonly member: string;
  readonly score: number;
  readonly metadata?: Record<string, unknown>;
}

export interface Submitted {
  readonly member: string;
  readonly score: number;
  readonly metadata?: Record<string, unknown> | null;
}

/** The calls of the API, as a game that keeps its scores there makes them. */
export function createCaller(api: Composition["api"]) {
  const path = (board: string) => `/v1/leaderboards/${encodeURIComponent(board)}`;
  const memberPath = (board: string, member: string) =>
    `${path(board)}/members/${encodeURIComponent(member)}`;
  const put = (board: string, settings: object = {}) => api("PUT", path(board), { body: settings });
  const submit = (board: string, entries: readonly Submitted[], headers: Record<string, string> = {}) =>
    api("POST", `${path(board)}/scores`, { body: { entries }, headers });
  const ranks = (board: string, query: Record<string, string> = {}) =>
    api("GET", `${path(board)}/ranks`, { query });
  return {
    put,
    /** Makes a board that was not there, with its first scores: the first member has the first. */
    async begin(board: string, settings: object = {}, scores: readonly number[] = []): Promise<void> {
      const answer = await put(board, settings);
      expect(answer.status, answer.text).toBe(201);
      const entries = scores.map((score, number) => ({ member: `m${number}`, score }));
      if (entries.length === 0) return;
      const submitted = await submit(board, entries);
      expect(submitted.status, submitted.text).toBe(200);
    },
    get: (board: string) => api("GET", path(board)),
    remove: (board: string) => api("DELETE", path(board)),
    submit,
    ranks,
    /** The lines of a page: rank, member and score. */
    async lines(board: string, query: Record<string, string> = {}): Promise<string[]> {
      const answer = await ranks(board, query);
      expect(answer.status, answer.text).toBe(200);
      return linesOf(answer);
    },
    member: (board: string, member: string, query: Record<string, string> = {}) =>
      api("GET", memberPath(board, member), { query }),
    removeMember: (board: string, member: string) => api("DELETE", memberPath(board, member)),
    batchGet: (board: string, members: readonly string[], query: Record<string, string> = {}) =>
      api("POST", `${path(board)}/members/batch-get`, { body: { members }, query }),
    rankOf: (board: string, score: number, query: Record<string, string> = {}) =>
      api("GET", `${path(board)}/rank-of`, { query: { score: String(score), ...query } }),
  };
}

export type LeaderboardsCaller = ReturnType<typeof createCaller>;

function linesOf({ json }: Answer): string[] {
  return json.entries.map(({ rank, member, score }: Ranked) => `${rank} ${member} ${score}`);
}
