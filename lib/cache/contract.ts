import * as z from "zod/mini";
import { EVENTUAL, eventual } from "../consistency.ts";
import { EntityTags } from "../entity-tags.ts";
import type { Contract } from "../http/contract.ts";
import { boolean, integer } from "../parsed-text.ts";
import { CacheControl, CacheGroups, Group, Groups, Key, LeaseToken, MediaField, Star } from "./fields.ts";

const ENTRY = "/v1/cache/entries/{key+}";
const freshness = {
  etag: "Strong entity tag of the stored bytes.",
  age: "Seconds since the entry was put.",
  "cache-control": "What is left of the entry's life.",
  "cache-status": "RFC 9211: `redigate; hit; ttl=58`; a negative ttl and `detail=stale` mark a stale answer.",
  "cache-lease": "The caller is the one to fetch a new value: send this back with the PUT.",
  "content-encoding": "As it was put.",
};

// A cold start builds every schema of this file; what only writes and batches need is built with the first of them.
const PutQuery = z.lazy(() =>
  z.strictObject({ absent: z.optional(boolean()), jitter: z.optional(integer(0, 50)) }),
);

const PutHeaders = z.lazy(() =>
  z.object({
    "cache-control": z.optional(CacheControl),
    "cache-groups": z.optional(CacheGroups),
    "cache-lease": z.optional(LeaseToken),
    "content-encoding": z.optional(MediaField),
    "content-type": z.optional(MediaField),
    "if-match": z.optional(EntityTags),
    "if-none-match": z.optional(Star),
  }),
);

const BatchPut = z.lazy(() => {
  const entry = z.strictObject({
    key: Key,
    value: z._default(z.string(), ""),
    encoding: z._default(z.enum(["utf8", "base64"]), "utf8"),
    contentType: z._default(MediaField, "application/octet-stream"),
    contentEncoding: z.optional(MediaField),
    cacheControl: z.optional(CacheControl),
    groups: z.optional(Groups),
    absent: z.optional(z.boolean()),
    lease: z.optional(LeaseToken),
    ifMatch: z.optional(EntityTags),
    ifNoneMatch: z.optional(Star),
  });
  return z.strictObject({
    entries: z.array(entry).check(
      z.minLength(1),
      z.maxLength(100),
      z.refine(
        (entries) => new Set(entries.map(({ key }) => key)).size === entries.length,
        "must not name a key twice",
      ),
    ),
  });
});

const BatchFound = z.lazy(() => {
  const entry = z.object({
    key: z.string(),
    status: z.enum(["hit", "stale", "miss", "known_absent", "too_large"]),
    etag: z.optional(z.string()),
    contentType: z.optional(z.string()),
    contentEncoding: z.optional(z.string()),
    ageSeconds: z.optional(z.number()),
    cacheControl: z.optional(z.string()),
    value: z.optional(z.string()),
    encoding: z.optional(z.enum(["utf8", "base64"])),
  });
  return z.object({ entries: z.array(entry) });
});

const BatchStored = z.lazy(() => {
  const result = z.object({
    key: z.string(),
    status: z.enum(["created", "replaced", "precondition_failed", "lease_lost", "out_of_memory"]),
    etag: z.optional(z.string()),
  });
  return z.object({ results: z.array(result) });
});

/** The cache over HTTP (RFC 9111, 5861, 9211, 9875). */
export const cacheContract = {
  getEntry: {
    method: "GET",
    path: ENTRY,
    summary: "Read an entry, and take the lease on filling it",
    description:
      "One round trip to Redis; one more for an entry in groups; one more for the first `lease` or `wait` after such a group was invalidated; while it waits, one for each poll. " +
      "`lease` asks, on a miss or near the end of the entry's life, for the right to fill it for so many seconds: exactly one caller gets `Cache-Lease`. `wait` holds the others at most so many seconds. `lease` needs the scope `cache:write` too. " +
      "`Cache-Control: stale-if-error` in the request accepts an entry that is kept for errors only. " +
      `${EVENTUAL} It goes with neither \`lease\` nor \`wait\`.`,
    access: "cache:read",
    repetition: "request id",
    params: z.object({ key: Key }),
    query: z.strictObject({
      ...eventual,
      lease: z.optional(integer(1, 60)),
      wait: z.optional(integer(1, 20)),
    }),
    headers: z.object({ "if-none-match": z.optional(EntityTags), "cache-control": z.optional(CacheControl) }),
    responses: {
      200: { description: "The stored bytes with their content type.", body: "bytes", headers: freshness },
      304: { description: "The caller has this entry already.", headers: freshness },
      404: {
        description: "No entry; with `Cache-Lease` the caller is the one to fill it.",
        problems: ["cache_miss", "known_absent", "cache_filling"],
        headers: { ...freshness, "retry-after": "When to ask again, in seconds." },
      },
    },
  },
  putEntry: {
    method: "PUT",
    path: ENTRY,
    summary: "Store an entry",
    description:
      "One round trip to Redis, with groups two; a condition that meets an entry in other groups takes two more. The body may be of any type. " +
      "`Cache-Control` sets the life, `Cache-Groups` the groups. `absent` records that the origin has no such thing. `jitter` shortens the life at random by up to so many percent.",
    access: "cache:write",
    repetition: "request id",
    params: z.object({ key: Key }),
    query: PutQuery,
    headers: PutHeaders,
    body: "bytes",
    responses: {
      201: { description: "Stored; there was no such entry.", headers: { etag: freshness.etag } },
      204: {
        description: "Stored in place of an entry that was there; it may have been invalidated.",
        headers: { etag: freshness.etag },
      },
      409: {
        description: "The lease ended, or the entry or one of its groups was invalidated since.",
        problems: ["lease_lost"],
      },
      412: { description: "The condition does not hold.", problems: ["precondition_failed"] },
    },
  },
  deleteEntry: {
    method: "DELETE",
    path: ENTRY,
    summary: "Remove an entry and end its lease",
    description: "One round trip to Redis. The same answer whether there was an entry or not.",
    access: "cache:write",
    repetition: "idempotent",
    params: z.object({ key: Key }),
    responses: { 204: { description: "Gone." } },
  },
  deleteGroup: {
    method: "DELETE",
    path: "/v1/cache/groups/{group+}",
    summary: "Invalidate every entry of a group",
    description:
      "Two round trips to Redis, however many entries the group has. Afterwards no entry that was put in the group before is served, and a fill under way fails.",
    access: "cache:write",
    repetition: "request id",
    params: z.object({ group: Group }),
    responses: { 204: { description: "Invalidated." } },
  },
  batchGet: {
    method: "POST",
    path: "/v1/cache/batch-get",
    summary: "Read up to 100 entries",
    description:
      "One round trip to Redis (one a slot, all at once, on a cluster), one more if any has groups. The values share 2.5 MiB evenly: one that is larger than its share says `too_large`. " +
      EVENTUAL,
    access: "cache:read",
    query: z.strictObject(eventual),
    body: z.strictObject({ keys: z.array(Key).check(z.minLength(1), z.maxLength(100)) }),
    responses: {
      200: { description: "One result for each key, in order.", body: BatchFound },
    },
  },
  batchPut: {
    method: "POST",
    path: "/v1/cache/batch-put",
    summary: "Store up to 100 entries",
    description:
      "Each entry succeeds or fails by itself. Round trips as for one entry (on a cluster one a slot, all at once).",
    access: "cache:write",
    repetition: "request id",
    body: BatchPut,
    responses: {
      200: {
        description: "One result for each entry, in order.",
        body: BatchStored,
      },
    },
  },
} as const satisfies Contract;
