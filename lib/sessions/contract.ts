import * as z from "zod/mini";
import { EntityTags } from "../entity-tags.ts";
import type { Contract, Response } from "../http/contract.ts";
import { IdempotencyKey, onceResponses } from "../idempotency-key.ts";
import { UserId } from "../opaque-token.ts";
import { integer } from "../parsed-text.ts";
import { PackedData } from "./data.ts";
import { Device, SessionId, Token } from "./fields.ts";

const MAX_SECONDS = 31_536_000;
const SESSION = "/v1/sessions/{id}";
const USER = "/v1/sessions/users/{userId+}";
const ENDED = ["session_unknown", "session_expired", "session_revoked"];
const noStore = { "cache-control": "`no-store`" };
const headers = { ...noStore, etag: "The version of the session's data." };
const params = z.object({ id: SessionId });
const userParams = z.object({ userId: UserId });
const none: Response = { description: "There is no such session, or no more.", problems: ENDED };

const once = z.object({ "idempotency-key": z.optional(IdempotencyKey) });
const ONCE =
  "With an `Idempotency-Key` the same call happens once for `SESSIONS_IDEMPOTENCY_SECONDS`, and is answered the same; two round trips more. Make the key random: who knows it, and what is in Redis, has the token.";

const Seconds = z.int().check(z.minimum(1), z.maximum(MAX_SECONDS));
const Session = z.strictObject({
  id: z.string(),
  userId: z.string(),
  createdAt: z.string(),
  lastSeenAt: z.string(),
  expiresAt: z.string(),
  absoluteExpiresAt: z.string(),
  device: z.optional(z.string()),
  data: z.looseObject({}),
  version: z.int(),
});
const One = z.strictObject({ session: Session });

/** Login sessions over HTTP. */
export const sessionsContract = {
  createSession: {
    method: "POST",
    path: "/v1/sessions",
    summary: "Begin a session of a user",
    description:
      "One round trip to Redis. The token is shown this once; Redis has only its SHA-256. " +
      "A session ends `idleSeconds` after it was last seen, and `absoluteSeconds` after it began whatever happens. A user who has as many sessions as there may be loses the one seen longest ago: `evicted` names it. Its data stay until it would have ended. " +
      ONCE,
    access: "sessions:write",
    repetition: "request id",
    headers: once,
    body: z.strictObject({
      userId: UserId,
      data: z.optional(PackedData),
      device: z.optional(Device),
      idleSeconds: z.optional(Seconds),
      absoluteSeconds: z.optional(Seconds),
    }),
    responses: {
      201: {
        description: "Begun.",
        body: z.strictObject({ session: Session, token: z.string(), evicted: z.array(z.string()) }),
        headers: { ...headers, location: "The path of the session." },
      },
      ...onceResponses,
    },
  },
  verifySession: {
    method: "POST",
    path: "/v1/sessions/verify",
    summary: "Find the session of a token, and begin its idle clock anew",
    description:
      "One round trip to Redis, which writes at most once in `SESSIONS_TOUCH_SECONDS` (or in a tenth of the session's idle time, if that is less). The scope to read is enough: what is renewed is renewed by who has the token.",
    access: "sessions:read",
    repetition: "idempotent",
    body: z.strictObject({ token: Token }),
    responses: {
      200: { description: "The token is in force.", body: One, headers },
      401: {
        description: "The token is not in force: unknown or replaced, expired, or its session was ended.",
        problems: ENDED,
      },
    },
  },
  getSession: {
    method: "GET",
    path: SESSION,
    summary: "Read a session",
    description: "One round trip to Redis. Does not count as seeing it.",
    access: "sessions:read",
    params,
    responses: { 200: { description: "The session.", body: One, headers }, 404: none },
  },
  patchSession: {
    method: "PATCH",
    path: `${SESSION}/data`,
    summary: "Merge a patch into the data of a session",
    description:
      "A JSON merge patch (RFC 7396), in one round trip to Redis. It changes the members that it names and no others, at every depth, so patches of different members at once all survive. `If-Match` takes the versions that the caller has seen. Never brings a session back.",
    access: "sessions:write",
    repetition: "request id",
    params,
    headers: z.object({ "if-match": z.optional(EntityTags) }),
    body: PackedData,
    responses: {
      200: { description: "Merged.", body: One, headers },
      404: none,
      412: { description: "The data have another version.", problems: ["precondition_failed"] },
      413: {
        description: "The data would be more than 32 KiB, or 512 members.",
        problems: ["data_too_large"],
      },
    },
  },
  rotateSession: {
    method: "POST",
    path: `${SESSION}/rotate`,
    summary: "Give a session a new token",
    description:
      "For a change of privileges, in one round trip to Redis. The token before is accepted for `SESSIONS_ROTATION_GRACE_SECONDS` more. " +
      ONCE,
    access: "sessions:write",
    repetition: "request id",
    params,
    headers: once,
    responses: {
      200: {
        description: "The same session with a new token.",
        body: z.strictObject({ session: Session, token: z.string() }),
        headers,
      },
      404: none,
      ...onceResponses,
    },
  },
  deleteSession: {
    method: "DELETE",
    path: SESSION,
    summary: "End a session",
    description: "One round trip to Redis. The same answer whether it was there or not.",
    access: "sessions:write",
    repetition: "idempotent",
    params,
    responses: { 204: { description: "Ended.", headers: noStore } },
  },
  listSessions: {
    method: "GET",
    path: USER,
    summary: "List the sessions of a user",
    description:
      "Two round trips to Redis. Newest first; the order does not change while sessions are in use.",
    access: "sessions:read",
    params: userParams,
    query: z.strictObject({ limit: z._default(integer(1, 100), 50), cursor: z.optional(z.string()) }),
    responses: {
      200: {
        description: "A page.",
        body: z.strictObject({ sessions: z.array(Session), next: z.optional(z.string()) }),
        headers: { ...noStore, link: "`rel=next` leads to the next page." },
      },
    },
  },
  deleteSessions: {
    method: "DELETE",
    path: USER,
    summary: "End all sessions of a user, but for one",
    description:
      "Two round trips to Redis. Ends those that there are, all at one moment. `except` is the id of the session that goes on; one of another user is a 400.",
    access: "sessions:write",
    repetition: "idempotent",
    params: userParams,
    query: z.strictObject({ except: z.optional(SessionId) }),
    responses: { 204: { description: "Ended.", headers: noStore } },
  },
} as const satisfies Contract;
