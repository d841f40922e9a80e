import * as z from "zod/mini";
import { EVENTUAL, eventual } from "../consistency.ts";
import type { Contract, Response } from "../http/contract.ts";
import { IdempotencyKey } from "../idempotency-key.ts";
import { integer } from "../parsed-text.ts";
import { BoardName, DateText, Member, Metadata, Score, ScoreText } from "./fields.ts";
import { Entry, Outcome, Settings, Window } from "./schemas.ts";

const BOARD = "/v1/leaderboards/{board}";
const params = z.object({ board: BoardName });
const memberParams = z.object({ board: BoardName, member: Member });
const noStore = { "cache-control": "`no-store`" };
/** Beside what each says of its own. */
const MORE = " One round trip more for a board that the function has not met, or that was changed.";
const query = { window: z.optional(Window), at: z.optional(DateText) };
const unknown: Response = { description: "There is no such board.", problems: ["board_unknown"] };
const unknownWindow: Response = {
  description: "There is no such board, or it does not have that window, or not at that date.",
  problems: ["board_unknown", "window_unknown"],
};
const unknownMember: Response = {
  description: "There is no such board or window, or the member has no score in it.",
  problems: ["board_unknown", "window_unknown", "member_unknown"],
};

/** Leaderboards over HTTP. */
export const leaderboardsContract = {
  putBoard: {
    method: "PUT",
    path: BOARD,
    summary: "Create or change a leaderboard",
    description:
      "What is left out has its default. `update` says what a new score does to the one before: the `best` of both, the `last`, their `sum`, `min` or `max`. `ties` says who of equal scores is before the others: the `first` to reach it, the `last`, or by the bytes of the `member`. `ranking` counts `ordinal` 1234, `competition` 1224 or `dense` 1223. Windows begin at midnight in `timeZone`, weeks on Monday; `pastWindows` are kept after they have ended. `capacity` keeps only the best so many (with partitions, when the call that was one too many has ended). With `partitions` a board grows past one node of a cluster, and the ranks are the same. Once there were scores, only `ranking` between ordinal and competition, `pastWindows` and a larger `capacity` can change. One round trip to Redis, two with partitions, and more to change how long past windows live.",
    access: "leaderboards:write",
    repetition: "request id",
    params,
    body: Settings,
    responses: {
      200: { description: "Changed.", body: Settings, headers: noStore },
      201: {
        description: "Created.",
        body: Settings,
        headers: { ...noStore, location: "The path of the board." },
      },
      409: {
        description: "The board has had scores, which rest on what would change.",
        problems: ["board_in_use"],
      },
    },
  },
  getBoard: {
    method: "GET",
    path: BOARD,
    summary: "Read what a leaderboard is, and how many members its windows have",
    description: `One round trip to Redis.${MORE}`,
    access: "leaderboards:read",
    params,
    responses: {
      200: {
        description: "The board. The counts are those of the present periods.",
        body: z.strictObject({
          ...Settings.shape,
          counts: z.strictObject({
            all: z.optional(z.int()),
            daily: z.optional(z.int()),
            weekly: z.optional(z.int()),
            monthly: z.optional(z.int()),
          }),
        }),
        headers: noStore,
      },
      404: unknown,
    },
  },
  deleteBoard: {
    method: "DELETE",
    path: BOARD,
    summary: "Delete a leaderboard",
    description:
      "The same answer whether it was there or not. Two round trips to Redis, and one more for each twenty partitions, or two thousand keys; none holds it up, as memory is freed in the background, and each has a deadline of its own. A deletion that was cut short goes on when it is sent again.",
    access: "leaderboards:write",
    repetition: "request id",
    params,
    responses: { 204: { description: "Deleted.", headers: noStore } },
  },
  submitScores: {
    method: "POST",
    path: `${BOARD}/scores`,
    summary: "Submit scores",
    description:
      "In the order of the entries, each into all windows at one moment. `rank` is that after the whole call, `previousRank` that before it. Metadata stay with the score that they came with: under `best`, `min` and `max` an entry that does not change the score does not change them either; null forgets them. With an `Idempotency-Key` the same call counts once, for `LEADERBOARDS_IDEMPOTENCY_SECONDS`. One round trip to Redis. With partitions two, two more with a key, and one more for the first scores of a board; each partition writes its entries or none, so a 409, 503 or 507 may leave part of the call written: with a key it is safe to send it again.",
    access: "leaderboards:write",
    repetition: "request id",
    params,
    headers: z.object({ "idempotency-key": z.optional(IdempotencyKey) }),
    body: z.strictObject({
      entries: z
        .array(z.strictObject({ member: Member, score: Score, metadata: z.optional(Metadata) }))
        .check(z.minLength(1), z.maxLength(100)),
    }),
    responses: {
      200: {
        description: "Written. A member that is not among those kept has neither score nor rank.",
        body: z.strictObject({
          results: z.array(
            z.strictObject({
              member: z.string(),
              windows: z.strictObject({
                all: z.optional(Outcome),
                daily: z.optional(Outcome),
                weekly: z.optional(Outcome),
                monthly: z.optional(Outcome),
              }),
            }),
          ),
        }),
        headers: noStore,
      },
      404: unknown,
      409: {
        description:
          "A sum would grow beyond all doubles. Nothing was written; with partitions, nothing in the partition where that is.",
        problems: ["score_overflow"],
      },
      422: { description: "The key was used for another call.", problems: ["idempotency_key_reused"] },
    },
  },
  listRanks: {
    method: "GET",
    path: `${BOARD}/ranks`,
    summary: "Read a page of a leaderboard",
    description:
      "`window` is by default the first of `all`, `daily`, `weekly` and `monthly` that the board has, and `at` a local date in it, by default today. Pages by `cursor` neither leave out nor repeat a member that does not move while others write, and stay in their window when it ends, while that is kept. `offset` counts from the best score within the bounds. One round trip to Redis; with partitions seldom two, for dense ranks always." +
      ` ${EVENTUAL}`,
    access: "leaderboards:read",
    params,
    query: z.strictObject({
      ...query,
      ...eventual,
      limit: z._default(integer(1, 1000), 50),
      cursor: z.optional(z.string()),
      offset: z.optional(integer(0, 1000)),
      minScore: z.optional(ScoreText),
      maxScore: z.optional(ScoreText),
    }),
    responses: {
      200: {
        description: "A page.",
        body: z.strictObject({ entries: z.array(Entry), next: z.optional(z.string()) }),
        headers: { ...noStore, link: "`rel=next` leads to the next page." },
      },
      404: unknownWindow,
    },
  },
  getMember: {
    method: "GET",
    path: `${BOARD}/members/{member+}`,
    summary: "Read the rank of a member, and who is next to it",
    description:
      "`neighbours` are `around` on each side, the member among them; where one side ends, so many more on the other. `percentile` is of how many in a hundred members none is better than this one. One round trip to Redis, two with partitions (three if one of them has far more of the neighbours than its share)." +
      ` ${EVENTUAL}`,
    access: "leaderboards:read",
    params: memberParams,
    query: z.strictObject({ ...query, ...eventual, around: z._default(integer(0, 50), 0) }),
    responses: {
      200: {
        description: "The member.",
        body: z.strictObject({ ...Entry.shape, percentile: z.number(), neighbours: z.array(Entry) }),
        headers: noStore,
      },
      404: unknownMember,
    },
  },
  batchGetMembers: {
    method: "POST",
    path: `${BOARD}/members/batch-get`,
    summary: "Rank some members among themselves",
    description:
      "A board of friends: in the order of their ranks, without those that have no score. One round trip to Redis, two with partitions." +
      ` ${EVENTUAL}`,
    access: "leaderboards:read",
    params,
    query: z.strictObject({ ...query, ...eventual }),
    body: z.strictObject({ members: z.array(Member).check(z.minLength(1), z.maxLength(200)) }),
    responses: {
      200: {
        description:
          "Those that have a score. `rank` is that on the whole board, `rankAmong` that among them.",
        body: z.strictObject({ members: z.array(z.strictObject({ ...Entry.shape, rankAmong: z.int() })) }),
        headers: noStore,
      },
      404: unknownWindow,
    },
  },
  deleteMember: {
    method: "DELETE",
    path: `${BOARD}/members/{member+}`,
    summary: "Take a member off all windows",
    description:
      "Past ones too. The same answer whether it was there or not. One round trip to Redis, two with partitions and dense ranks.",
    access: "leaderboards:write",
    repetition: "idempotent",
    params: memberParams,
    responses: { 204: { description: "Taken off.", headers: noStore }, 404: unknown },
  },
  rankOfScore: {
    method: "GET",
    path: `${BOARD}/rank-of`,
    summary: "Read the rank that somebody new would have with a score",
    description:
      "`member` matters where members decide ties; without it everybody with the same score is before. One round trip to Redis, two with partitions and dense ranks." +
      ` ${EVENTUAL}`,
    access: "leaderboards:read",
    params,
    query: z.strictObject({ ...query, ...eventual, score: ScoreText, member: z.optional(Member) }),
    responses: {
      200: {
        description: "The rank.",
        body: z.strictObject({ score: z.number(), rank: z.int() }),
        headers: noStore,
      },
      404: unknownWindow,
    },
  },
} as const satisfies Contract;
