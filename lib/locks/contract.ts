import * as z from "zod/mini";
import type { Contract, Response } from "../http/contract.ts";
import { IdempotencyKey, onceResponses } from "../idempotency-key.ts";
import { text } from "../parsed-text.ts";
import { LockNameText, LockTokenText, MAX_PERMITS } from "./fields.ts";

const MAX_SECONDS = 86_400;
const MAX_LOCKS = 16;
const LOCK = "/v1/locks/{name+}";
const noStore = { "cache-control": "`no-store`" };
const params = z.object({ name: LockNameText });
const token = z.object({ "lock-token": LockTokenText });
const once = z.object({ "idempotency-key": z.optional(IdempotencyKey) });
const ttlSeconds = z.int().check(z.minimum(1), z.maximum(MAX_SECONDS));

const request = {
  ttlSeconds,
  waitSeconds: z.optional(z.int().check(z.minimum(0), z.maximum(20))),
  mode: z.optional(z.enum(["exclusive", "shared"])),
  permits: z.optional(z.int().check(z.minimum(1), z.maximum(MAX_PERMITS))),
  owner: z.optional(text(256)),
  ticket: z.optional(LockTokenText),
};

const HOW =
  "One round trip to Redis; while it waits, one more whenever it is woken and for each quarter of `REDIS_DEADLINE_MS`. " +
  "First come, first served: what there is room for, behind all that came before, is granted. Who gets 409 `lock_held` has a `ticket`; sending it again before `LOCKS_HEARTBEAT_SECONDS` are over keeps the place, and a DELETE with it gives it up. A ticket whose lock was granted gets the same grant again. It is of the locks that it was taken for, all together. `ttlSeconds` and `owner` are those of the call that is granted: send them with the ticket too. " +
  "`mode` is `exclusive`, or `shared` by as many as `permits` says (1000 if it does not), which is the default where `permits` stands. As long as anybody shares a lock or waits to, nobody may with another number, nor come back with one. " +
  "Fencing tokens grow by one a grant, whatever ended the grant before. After a failover that lost grants they may repeat those, which `REDIS_MIN_REPLICAS_ACK` or `Durability` prevents, and after a restart from older data: a restored snapshot, or an append-only file that misses the last second. A lock that Redis lost altogether, or that was neither granted nor extended for `LOCKS_FENCING_SECONDS`, begins anew at the microsecond of the clock, beyond all before. " +
  "With an `Idempotency-Key` the same call has the same grant or ticket for `LOCKS_IDEMPOTENCY_SECONDS`; later it is another call, with another token. What the call was granted does not come again when it has ended (`ticket_lost`); where its place is over, it takes another, with another ticket. The key is known in the group of the names. Make it random: who knows it has the lock, and two who use the same have the same grant.";

const refused: Response = {
  description:
    "Somebody holds it, or is before the caller. Or: the ticket has no place here, or no more; others share it, or wait to, with another number of permits; as many wait as may.",
  problems: ["lock_held", "ticket_lost", "permits_mismatch", "queue_full"],
  members: {
    ticket: z.optional(z.string()),
    position: z.optional(z.int()),
    name: z.optional(z.string()),
    owner: z.optional(z.string()),
  },
  headers: { "retry-after": "When to come back, in seconds." },
};

const lost: Response = {
  description: "The token holds nothing here: it expired, was given up, or is another lock's.",
  problems: ["lock_lost"],
};

const Holder = z.strictObject({
  mode: z.enum(["exclusive", "shared"]),
  owner: z.optional(z.string()),
  fencingToken: z.optional(z.int()),
  expiresAt: z.string(),
});

/** Locks over HTTP. */
export const locksContract = {
  acquireLocks: {
    method: "POST",
    path: "/v1/locks/batch",
    summary: "Take several locks, all or none",
    description: `The names share a group: what comes before the first slash. Nobody holds some while waiting for others, and all take their places at one moment, so none wait for each other in a circle. ${HOW}`,
    access: "locks:write",
    repetition: "request id",
    headers: once,
    body: z.strictObject({
      names: z.array(LockNameText).check(z.minLength(1), z.maxLength(MAX_LOCKS)),
      ...request,
    }),
    responses: {
      201: {
        description: "Granted: one token for all, each to be extended and given up by itself.",
        body: z.strictObject({
          token: z.string(),
          locks: z.array(z.strictObject({ name: z.string(), fencingToken: z.int(), expiresAt: z.string() })),
        }),
        headers: noStore,
      },
      409: refused,
      422: onceResponses[422],
    },
  },
  acquireLock: {
    method: "POST",
    path: LOCK,
    summary: "Take a lock, or a place in its queue",
    description: HOW,
    access: "locks:write",
    repetition: "request id",
    params,
    headers: once,
    body: z.strictObject(request),
    responses: {
      201: {
        description: "Granted.",
        body: z.strictObject({ token: z.string(), fencingToken: z.int(), expiresAt: z.string() }),
        headers: noStore,
      },
      409: refused,
      422: onceResponses[422],
    },
  },
  extendLock: {
    method: "PUT",
    path: LOCK,
    summary: "Keep a lock for longer",
    description:
      "Until `ttlSeconds` from now, and never for less than it has; at most `LOCKS_MAX_EXTENSIONS` times a grant, of which a request that you send again is another. One round trip to Redis.",
    access: "locks:write",
    repetition: "request id",
    params,
    headers: token,
    body: z.strictObject({ ttlSeconds }),
    responses: {
      200: {
        description: "Extended.",
        body: z.strictObject({ fencingToken: z.int(), expiresAt: z.string() }),
        headers: noStore,
      },
      409: { ...lost, problems: ["lock_lost", "extensions_exhausted"] },
    },
  },
  releaseLock: {
    method: "DELETE",
    path: LOCK,
    summary: "Give up a lock, or a place in its queue",
    description:
      "A token or ticket of several locks is given up with a DELETE for each name. One round trip to Redis. Sent again within two `REDIS_DEADLINE_MS` it is answered the same; later it is `lock_lost`.",
    access: "locks:write",
    repetition: "request id",
    params,
    headers: token,
    responses: { 204: { description: "Given up.", headers: noStore }, 409: lost },
  },
  getLock: {
    method: "GET",
    path: LOCK,
    summary: "Read who has a lock, and how many wait",
    description:
      "One round trip to Redis. The hundred holders that end first; no tokens and no tickets. `permits` while it is shared.",
    access: "locks:read",
    params,
    responses: {
      200: {
        description: "The lock, which may be free.",
        body: z.strictObject({
          name: z.string(),
          holding: z.int(),
          waiting: z.int(),
          permits: z.optional(z.int()),
          fencingToken: z.optional(z.int()),
          holders: z.array(Holder),
        }),
        headers: noStore,
      },
    },
  },
} as const satisfies Contract;
