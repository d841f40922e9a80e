import type { Cache, Lookup } from "../../lib/cache/cache.ts";
import type { CacheControl } from "../../lib/cache/cache-control.ts";
import type { cacheContract } from "../../lib/cache/contract.ts";
import type { Entry } from "../../lib/cache/entry.ts";
import type { PutOutcome } from "../../lib/cache/put.ts";
import type { Config } from "../../lib/config.ts";
import { chooseBy } from "../../lib/consistency.ts";
import type { Handlers } from "../../lib/http/contract.ts";
import { invalidRequest, Problem } from "../../lib/http/problem.ts";
import { OutOfMemory } from "../../lib/redis/errors.ts";
import { createBatchRoutes } from "./batch-routes.ts";
import { entryHeaders, MISS } from "./entry-headers.ts";
import { createLife } from "./life.ts";

/** Turns requests into calls of the cache (and of the one on a replica, for those who can do with old data), and what it answers into statuses and headers. */
export function createRoutes(
  cache: Cache,
  settings: Config["cache"],
  replica: Cache,
): Handlers<typeof cacheContract> {
  const cacheOf = chooseBy(cache, replica);
  const life = createLife(settings);

  return {
    async getEntry({ tenant, params: { key }, query, headers, head, requireScope }) {
      const { lease, wait, consistency } = query;
      if (consistency === "eventual" && (lease || wait))
        throw invalidRequest([{ path: "query.consistency", message: "must be strong with lease or wait" }]);
      if (lease) requireScope("cache:write"); // who cannot fill must not keep others from it
      const found = await find(cacheOf(consistency), tenant, key, { lease, wait, head });
      const { entry } = found;
      if (!entry || (entry.state === "expired" && !isAccepted(entry, headers["cache-control"])))
        throw notFound(found);
      const shown = { ...entryHeaders(entry), ...leaseHeader(found) };
      if (entry.head.absent)
        throw new Problem(404, "known_absent", "The origin has no such thing.", { headers: shown });
      const tags = headers["if-none-match"]?.map((tag) => tag.replace(/^W\//, ""));
      if (tags?.includes("*") || tags?.includes(entry.head.etag)) return { status: 304, headers: shown };
      const content = {
        "content-type": entry.head.contentType,
        ...(entry.head.contentEncoding && { "content-encoding": entry.head.contentEncoding }),
        ...(head && { "content-length": String(entry.head.size) }),
      };
      return { status: 200, headers: { ...shown, ...content }, body: entry.body ?? Buffer.alloc(0) };
    },

    async putEntry({ tenant, params: { key }, query: { absent, jitter }, headers, body, contentType }) {
      if (absent && body.length > 0)
        throw invalidRequest([{ path: "body", message: "must be empty with absent=true" }]);
      const outcome = await cache.put(tenant, {
        key,
        body,
        absent,
        contentType: contentType ?? "application/octet-stream",
        contentEncoding: headers["content-encoding"],
        life: life("headers.cache-control", headers["cache-control"], jitter),
        groups: headers["cache-groups"],
        lease: headers["cache-lease"],
        condition: { absent: headers["if-none-match"] && true, etags: headers["if-match"] },
      });
      return { status: putStatus(outcome), headers: { etag: `"${outcome.etag}"` } };
    },

    async deleteEntry({ tenant, params }) {
      await cache.remove(tenant, params.key);
      return { status: 204 };
    },

    async deleteGroup({ tenant, params }) {
      await cache.invalidate(tenant, params.group);
      return { status: 204 };
    },

    ...createBatchRoutes(cacheOf, settings, life),
  };
}

interface Find {
  readonly lease: number | undefined;
  readonly wait: number | undefined;
  readonly head: boolean;
}

/** The plain read is the common case and needs no script. */
async function find(cache: Cache, tenant: string, key: string, { lease, wait, head }: Find): Promise<Lookup> {
  if (lease || wait) {
    return cache.lookup(tenant, key, { leaseMs: (lease ?? 0) * 1000, waitMs: (wait ?? 0) * 1000 });
  }
  return { entry: await (head ? cache.head(tenant, key) : cache.get(tenant, key)), filling: false };
}

function notFound({ lease, filling }: Lookup): Problem {
  if (filling) {
    return new Problem(404, "cache_filling", "Somebody is filling this entry.", {
      headers: { ...MISS, "retry-after": "1" },
    });
  }
  return new Problem(404, "cache_miss", "There is no such entry.", {
    headers: { ...MISS, ...leaseHeader({ lease }) },
  });
}

function leaseHeader({ lease }: Pick<Lookup, "lease">): Record<string, string> {
  return lease ? { "cache-lease": lease } : {};
}

/** RFC 5861 section 4: a request may accept an entry that has been stale for so many seconds, as its origin failed. */
function isAccepted({ left }: Entry, { staleIfError }: CacheControl = {}): boolean {
  return staleIfError !== undefined && -left.freshMs <= staleIfError * 1000;
}

function putStatus({ status }: PutOutcome): 201 | 204 {
  if (status === "out_of_memory") throw new OutOfMemory("Redis is out of memory");
  if (status === "lease_lost")
    throw new Problem(409, "lease_lost", "The lease has ended, or the entry was invalidated since.");
  if (status === "precondition_failed")
    throw new Problem(412, "precondition_failed", "The condition does not hold.");
  return status === "created" ? 201 : 204;
}
