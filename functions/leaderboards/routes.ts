import type { Config } from "../../lib/config.ts";
import { chooseBy } from "../../lib/consistency.ts";
import type { Handlers } from "../../lib/http/contract.ts";
import { createPages, foreignCursor } from "../../lib/http/pages.ts";
import { checkPathId } from "../../lib/http/path-id.ts";
import { invalidRequest, Problem } from "../../lib/http/problem.ts";
import type { leaderboardsContract } from "../../lib/leaderboards/contract.ts";
import type { Leaderboards } from "../../lib/leaderboards/leaderboards.ts";
import { WINDOWS } from "../../lib/leaderboards/periods.ts";
import type { Refusal } from "../../lib/leaderboards/refusals.ts";

const NO_STORE = { "cache-control": "no-store" };
/** A text of 256 bytes may be six times as long in JSON, as may the metadata. */
export const MAX_BODY_BYTES = { submitScores: 1_048_576, batchGetMembers: 524_288 };

const PROBLEMS: Readonly<Record<Refusal, () => Problem>> = {
  board_unknown: () => new Problem(404, "board_unknown", "There is no such leaderboard."),
  window_unknown: () =>
    new Problem(
      404,
      "window_unknown",
      "The leaderboard has no such window, or does not have it at that date.",
    ),
  member_unknown: () => new Problem(404, "member_unknown", "The member has no score in this window."),
  cursor_unknown: foreignCursor,
  key_reused: () =>
    new Problem(422, "idempotency_key_reused", "The idempotency key was used for another call."),
  score_overflow: () => new Problem(409, "score_overflow", "A sum would grow beyond 1.8e308."),
};

/** Turns requests into calls of the leaderboards (and of those on a replica, as the cache does), and what they answer into statuses. */
export function createRoutes(
  leaderboards: Leaderboards,
  config: Config,
  replica: Leaderboards,
): Handlers<typeof leaderboardsContract> {
  const { members } = leaderboards;
  const leaderboardsOf = chooseBy(leaderboards, replica);
  return {
    async putBoard({ tenant, params: { board }, body }) {
      const windows = WINDOWS.filter((window) => body.windows.includes(window));
      const settings = { ...body, windows };
      const { outcome } = await leaderboards.put(tenant, board, settings);
      if (outcome === "fixed") {
        const detail =
          "The leaderboard has had scores: only its ranking between ordinal and competition, its past windows, and its capacity to a larger one, can change.";
        throw new Problem(409, "board_in_use", detail);
      }
      if (outcome === "changed") return { status: 200, headers: NO_STORE, body: settings };
      const headers = { ...NO_STORE, location: `/v1/leaderboards/${board}` };
      return { status: 201, headers, body: settings };
    },

    async getBoard({ tenant, params: { board } }) {
      const { settings, counts } = done(await members.sizes(tenant, board));
      const body = { ...settings, windows: [...settings.windows], counts };
      return { status: 200, headers: NO_STORE, body };
    },

    async deleteBoard({ tenant, params: { board } }) {
      await leaderboards.remove(tenant, board);
      return { status: 204, headers: NO_STORE };
    },

    async submitScores({ tenant, params: { board }, headers, body: { entries } }) {
      entries.forEach(({ member }, at) => {
        checkPathId(`body.entries.${at}.member`, member, config.http);
      });
      const submitted = await leaderboards.submit(tenant, board, entries, headers["idempotency-key"]);
      return { status: 200, headers: NO_STORE, body: done(submitted) };
    },

    async listRanks({ tenant, params: { board }, query: { consistency, limit, cursor, offset, ...range } }) {
      if (cursor !== undefined && offset !== undefined)
        throw invalidRequest([{ path: "query.offset", message: "must not come with a cursor" }]);
      const { minScore = Number.NEGATIVE_INFINITY, maxScore = Number.POSITIVE_INFINITY } = range;
      if (minScore > maxScore)
        throw invalidRequest([{ path: "query.minScore", message: "must not be more than maxScore" }]);
      const filters = Object.entries(range).map(([name, value]) => [name, String(value)]);
      const pages = createPages(tenant, `/v1/leaderboards/${board}/ranks`, Object.fromEntries(filters));
      const after = pages.after(cursor);
      const asked = { ...range, limit, after, offset: offset ?? 0 };
      const found = await leaderboardsOf(consistency).page(tenant, board, asked);
      const { entries, last } = done(found);
      const next = pages.next(last, limit, consistency);
      return {
        status: 200,
        headers: { ...NO_STORE, ...next.headers },
        body: { entries: [...entries], ...next.body },
      };
    },

    async getMember({ tenant, params: { board, member }, query: { consistency, ...query } }) {
      const asked = { ...query, member };
      const { neighbours, ...found } = done(await leaderboardsOf(consistency).around(tenant, board, asked));
      return { status: 200, headers: NO_STORE, body: { ...found, neighbours: [...neighbours] } };
    },

    async batchGetMembers({ tenant, params: { board }, query: { consistency, ...query }, body }) {
      const { members } = leaderboardsOf(consistency);
      const found = done(await members.getAll(tenant, board, body.members, query));
      return { status: 200, headers: NO_STORE, body: { members: found } };
    },

    async deleteMember({ tenant, params: { board, member } }) {
      done(await members.remove(tenant, board, member));
      return { status: 204, headers: NO_STORE };
    },

    async rankOfScore({ tenant, params: { board }, query: { consistency, ...query } }) {
      const { rank } = done(await leaderboardsOf(consistency).members.rankOf(tenant, board, query));
      return { status: 200, headers: NO_STORE, body: { score: query.score, rank } };
    },
  };
}

function done<T>(outcome: T): Exclude<T, { readonly refused: Refusal }> {
  if (typeof outcome === "object" && outcome && "refused" in outcome)
    throw PROBLEMS[outcome.refused as Refusal]();
  return outcome as Exclude<T, { readonly refused: Refusal }>;
}
