import * as z from "zod/mini";
import { EVENTUAL, eventual } from "../consistency.ts";
import type { Contract, Response } from "../http/contract.ts";
import { integer } from "../parsed-text.ts";
import { Reaction, Subject, User } from "./fields.ts";
import { Known, Liked, Member, Trend } from "./schemas.ts";
import { WINDOWS } from "./windows.ts";

const SUBJECT = "/v1/likes/{subject}";
const USER = `${SUBJECT}/users/{user+}` as const;
const noStore = { "cache-control": "`no-store`" };
const link = { ...noStore, link: "`rel=next` leads to the next page." };
const params = z.object({ subject: Subject });
const memberParams = z.object({ subject: Subject, user: User });
const page = { limit: z._default(integer(1, 100), 50), cursor: z.optional(z.string()) };
/** Beside what each says of its own. */
const MORE = " One round trip more for a subject with partitions that the function has not met.";
/** What `like` and `unlike` cannot promise. */
const LAST =
  " Where a reply was lost, and the user did something else to that like by then or within two deadlines before, nobody can say which was the last: the answer is a 503, and nothing is brought back.";
const approximate: Response = {
  description: "Of this subject only a count is known.",
  problems: ["likes_approximate"],
};

/** Likes over HTTP. What has a path of its own comes before the subjects. */
export const likesContract = {
  listTrending: {
    method: "GET",
    path: "/v1/likes/trending",
    summary: "Read what is liked most of late",
    description: `A like weighs half after each hour, day or week, as \`window\` says; \`score\` is how many likes of this moment it is worth. Each user counts once for each subject, and who takes a like back takes its weight back. Among more than a thousand subjects of one of 64 parts a score may be too high by a thousandth of all that are liked there, and never too low; whatever weighs more than that is not missed. A window that was not kept all along, as \`LIKES_TRENDING\` did not name it or Redis evicted it, is wrong for some half-lives. Of a subject with partitions those parts are added where it is among the best hundred. One round trip to Redis. ${EVENTUAL}`,
    access: "likes:read",
    query: z.strictObject({
      ...eventual,
      window: z._default(z.enum(WINDOWS), "day"),
      limit: z._default(integer(1, 100), 10),
    }),
    responses: {
      200: {
        description: "The best of them, as many as were asked for.",
        body: z.strictObject({ subjects: z.array(Trend) }),
        headers: noStore,
      },
      404: {
        description: "`LIKES_TRENDING` does not name that window.",
        problems: ["window_unknown"],
      },
    },
  },
  listLiked: {
    method: "GET",
    path: "/v1/likes/users/{user+}",
    summary: "List what a user likes",
    description: `Newest first: their last \`LIKES_MAX_PER_USER\` likes and some before these, without the subjects of which only a count is known. Two round trips to Redis.${MORE}`,
    access: "likes:read",
    params: z.object({ user: User }),
    query: z.strictObject(page),
    responses: {
      200: {
        description: "A page.",
        body: z.strictObject({ likes: z.array(Liked), next: z.optional(z.string()) }),
        headers: link,
      },
    },
  },
  batchGetLikes: {
    method: "POST",
    path: "/v1/likes/batch-get",
    summary: "Read the likes of up to 100 subjects",
    description: `In their order; with \`user\`, what that one gave each. One round trip to Redis.${MORE} ${EVENTUAL}`,
    access: "likes:read",
    query: z.strictObject(eventual),
    body: z.strictObject({
      subjects: z.array(Subject).check(z.minLength(1), z.maxLength(100)),
      user: z.optional(User),
    }),
    responses: {
      200: {
        description: "What is known of each.",
        body: z.strictObject({ likes: z.array(z.strictObject({ subject: z.string(), ...Known.shape })) }),
        headers: noStore,
      },
    },
  },
  like: {
    method: "PUT",
    path: USER,
    summary: "Like a subject",
    description: `The same again changes nothing. \`reaction\` is one of those of the kind of the subject, by default what the user gave before, or the first; another one takes its place, unless the kind allows several. \`claps\` is how many the user gives in all.${LAST} A failover that loses likes of a subject with partitions may count as many users twice, until they take theirs back. Where only a count is known, a full Redis answers 507 even to a like that would change nothing. One round trip to Redis; two for a subject with partitions that the function has not met, or for who is not in the first of them.`,
    access: "likes:write",
    repetition: "idempotent",
    params: memberParams,
    body: z.strictObject({
      reaction: z.optional(Reaction),
      claps: z.optional(z.int().check(z.minimum(1), z.maximum(1_000_000))),
    }),
    bodyOptional: true,
    responses: { 200: { description: "The user likes it.", body: Known, headers: noStore } },
  },
  unlike: {
    method: "DELETE",
    path: USER,
    summary: "Like a subject no more",
    description: `The same answer whether it was liked or not. With \`reaction\` only that one is taken back, if the user gave it.${LAST} One round trip to Redis.${MORE}`,
    access: "likes:write",
    repetition: "idempotent",
    params: memberParams,
    body: z.strictObject({ reaction: z.optional(Reaction) }),
    bodyOptional: true,
    responses: {
      200: { description: "What the subject has now.", body: Known, headers: noStore },
      409: { ...approximate, description: "Of this subject only a count is known: nobody can be taken out." },
    },
  },
  listUsers: {
    method: "GET",
    path: `${SUBJECT}/users`,
    summary: "List who likes a subject",
    description: `Newest first, since when they like it at all. The pages neither leave out nor repeat anybody while others come and go. One round trip to Redis.${MORE} ${EVENTUAL}`,
    access: "likes:read",
    params,
    query: z.strictObject({ ...eventual, ...page }),
    responses: {
      200: {
        description: "A page.",
        body: z.strictObject({ users: z.array(Member), next: z.optional(z.string()) }),
        headers: link,
      },
      409: approximate,
    },
  },
  getLikes: {
    method: "GET",
    path: SUBJECT,
    summary: "Read how many like a subject, and what a user gave",
    description: `The same for a subject that nobody has ever liked. One round trip to Redis.${MORE} ${EVENTUAL}`,
    access: "likes:read",
    params,
    query: z.strictObject({ ...eventual, user: z.optional(User) }),
    responses: { 200: { description: "What is known of it.", body: Known, headers: noStore } },
  },
} as const satisfies Contract;
