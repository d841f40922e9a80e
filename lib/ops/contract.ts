import * as z from "zod/mini";
import type { Contract, Response } from "../http/contract.ts";
import { IdempotencyKey, onceResponses } from "../idempotency-key.ts";
import { integer, parsedText, text } from "../parsed-text.ts";
import * as schemas from "./schemas.ts";

const noStore = { "cache-control": "`no-store`" };
const REFUSED = "What the server refuses to tell is `not_available`.";
const BOUNDED =
  "Goes over keys with SCAN for about half of `REDIS_DEADLINE_MS`, a hundred at a time, and shows no values. Bytes are what MEMORY USAGE says or, where it is refused (`measured`: false), estimates from one member, of a list and a stream from how many there are.";
const ONCE = "With an `Idempotency-Key` the same call happens once in an hour, and is answered the same.";

const once = z.object({ "idempotency-key": z.optional(IdempotencyKey) });
/** ElastiCache's own positions are in it, and so are the primaries that were left out. */
const Cursor = z.optional(text(4096));

const Label = parsedText("1 to 40 lower-case letters, digits and single hyphens.", (label) =>
  /^[a-z0-9](?:-?[a-z0-9])*$/.test(label) && label.length <= 40
    ? label
    : { reason: "must be 1 to 40 lower-case letters, digits and single hyphens" },
);
const AnyName = parsedText("The name of a snapshot, also of an automatic one.", (name) =>
  /^[A-Za-z][\w.:-]{0,254}$/.test(name) ? name : { reason: "is not the name of a snapshot" },
);
const NodeGroupId = parsedText("1 to 4 digits.", (id) =>
  /^\d{1,4}$/.test(id) ? id : { reason: "must be 1 to 4 digits, such as 0001" },
);

/** ElastiCache could not be asked, or does not let the function ask. */
const unasked: Response = {
  description: "ElastiCache gave no answer in time, or the function's role may not ask it.",
  problems: ["elasticache_unavailable", "elasticache_refused"],
  headers: { "retry-after": "When to ask again, in seconds." },
};

function conflict(description: string, ...problems: string[]): Response {
  return {
    description,
    problems: ["not_managed", ...problems, ...onceResponses[409].problems],
    headers: onceResponses[409].headers,
  };
}

/** Looks after the Redis that all tenants share. */
export const opsContract = {
  getTopology: {
    method: "GET",
    path: "/v1/ops/topology",
    summary: "Read which nodes there are, and how they are",
    description: `From ElastiCache: status, node groups, zones, version, endpoints, pending changes, the events of the last day and the service updates to come; \`not_managed\` where there is no ElastiCache, and the rest where it gives no answer. From Redis: the cluster's nodes and slots, roles, versions, replication; \`not_available\` where it is away, as long as ElastiCache answers. \`reasons\` has a sentence for each part that is missing. ${REFUSED}`,
    access: "ops:read",
    spansTenants: true,
    responses: { 200: { description: "The topology.", body: schemas.Topology, headers: noStore } },
  },
  getEngine: {
    method: "GET",
    path: "/v1/ops/engine",
    summary: "Read what each node says of itself",
    description: `Memory, clients, hits and misses, evictions, replication offsets and lag, persistence, some settings: INFO and CONFIG GET, in one round trip to each node. Of a cluster all nodes are asked; otherwise the primary, which tells of its replicas. ${REFUSED}`,
    access: "ops:read",
    spansTenants: true,
    responses: { 200: { description: "The nodes.", body: schemas.Engine, headers: noStore } },
  },
  getMemory: {
    method: "GET",
    path: "/v1/ops/memory",
    summary: "Read how much memory each feature uses",
    description: `From a sample of some 2,000 keys of each primary, which stands for all: \`sampledKeys\` of \`totalKeys\` (DBSIZE) tells how far to trust it, and so does \`usedBytes\`: what these primaries say they use (INFO), with what belongs to no key, and absent where they do not tell. ${BOUNDED} ${REFUSED}`,
    access: "ops:read",
    spansTenants: true,
    responses: {
      200: {
        description: "The sample.",
        body: z.strictObject({ memory: schemas.told(schemas.Memory) }),
        headers: noStore,
      },
    },
  },
  listCollections: {
    method: "GET",
    path: "/v1/ops/collections",
    summary: "Find the biggest collections, a stretch of keys at a time",
    description: `The biggest of some 5,000 keys; \`next\` leads to the following stretch, until all primaries were seen. Keys that are there all the while are seen at least once, but for those of the primaries in \`unreachable\`, which did not answer this call or one that led to it. A cursor is refused when the primaries have other addresses than then; where another server answers at the same address since, begin anew. Names of keys have tenants and ids in them; bytes that are no UTF-8 are shown as \`\\xff\`, and what is beyond 2,048 characters is cut off. \`members\` is absent where the server does not count them. ${BOUNDED} ${REFUSED}`,
    access: "ops:read",
    spansTenants: true,
    query: z.strictObject({ cursor: Cursor, limit: z._default(integer(1, 100), 20) }),
    responses: {
      200: {
        description: "The biggest of this stretch.",
        body: z.strictObject({
          collections: schemas.told(z.array(schemas.Collection)),
          scannedKeys: z.int(),
          unreachable: z.array(z.string()),
          next: z.optional(z.string()),
        }),
        headers: { ...noStore, link: "`rel=next`, where there is a next stretch." },
      },
    },
  },
  getSlowlog: {
    method: "GET",
    path: "/v1/ops/slowlog",
    summary: "Read which commands were slow",
    description: `The latest first, of all nodes. Of the arguments only keys of redigate are shown: all else may be a value. ${REFUSED}`,
    access: "ops:read",
    spansTenants: true,
    query: z.strictObject({ limit: z._default(integer(1, 128), 50) }),
    responses: { 200: { description: "The slow commands.", body: schemas.Slowlog, headers: noStore } },
  },
  getClients: {
    method: "GET",
    path: "/v1/ops/clients",
    summary: "Read who is connected, by name, address and age",
    description: `Counts, and no commands; names up to 128 characters. Of a node with more than 5,000 clients, or that does not tell how many, the list is not read. ${REFUSED}`,
    access: "ops:read",
    spansTenants: true,
    responses: { 200: { description: "The clients.", body: schemas.Clients, headers: noStore } },
  },
  listSnapshots: {
    method: "GET",
    path: "/v1/ops/snapshots",
    summary: "List the snapshots of the cache",
    description: `Automatic ones and those made by hand. \`not_managed\` where there is no ElastiCache.`,
    access: "ops:read",
    spansTenants: true,
    query: z.strictObject({ cursor: Cursor, limit: z._default(integer(20, 50), 50) }),
    responses: {
      200: {
        description: "A page.",
        body: z.strictObject({
          snapshots: z.union([z.array(schemas.Snapshot), z.literal("not_managed")]),
          next: z.optional(z.string()),
        }),
        headers: { ...noStore, link: "`rel=next`, where there is a next page." },
      },
      503: unasked,
    },
  },
  createSnapshot: {
    method: "POST",
    path: "/v1/ops/snapshots",
    summary: "Make a snapshot of the cache",
    description: `Called <cache>-<label>, where the label is by default the time. It is there when its status is \`available\`. ElastiCache is asked once: where no answer comes, a snapshot of this name that is no older than the call is what it made. ${ONCE}`,
    access: "ops:write",
    spansTenants: true,
    repetition: "request id",
    headers: once,
    body: z.strictObject({ label: z.optional(Label) }),
    responses: {
      202: {
        description: "It is being made.",
        body: z.strictObject({ snapshot: schemas.Snapshot }),
        headers: { ...noStore, location: "The path of the snapshot." },
      },
      ...onceResponses,
      409: conflict(
        "There is no ElastiCache, a snapshot with this name, no room for another one, the cache is busy, or ElastiCache was asked too often; or a call with this key is being run.",
        "snapshot_exists",
        "snapshot_refused",
      ),
      503: unasked,
    },
  },
  getSnapshot: {
    method: "GET",
    path: "/v1/ops/snapshots/{name}",
    summary: "Read a snapshot, and how to restore it",
    description: `\`restore\` has the commands, step by step; nothing is restored by reading it. Where the snapshot is not \`available\`, the first step says so.`,
    access: "ops:read",
    spansTenants: true,
    params: z.object({ name: AnyName }),
    responses: {
      200: {
        description: "The snapshot.",
        body: z.strictObject({ snapshot: schemas.Snapshot, restore: schemas.Restore }),
        headers: noStore,
      },
      404: { description: "There is no such snapshot.", problems: ["snapshot_unknown"] },
      409: { description: "There is no ElastiCache.", problems: ["not_managed"] },
      503: unasked,
    },
  },
  createFailoverTest: {
    method: "POST",
    path: "/v1/ops/failover-tests",
    summary: "Have a replica take over, to see that it does",
    description: `ElastiCache's TestFailover: the primary of the node group is replaced, writes to it are refused meanwhile, and what it had not yet replicated is lost. \`confirm\` must be the id of the cache. Refused unless the cache and the node group are \`available\`, automatic failover is on and there is a replica. ElastiCache is asked for it once: \`unknown\` where no answer came. ${ONCE} The record of it is in the Redis that fails over: it may be lost with it, or say no more than \`unknown\`.`,
    access: "ops:write",
    spansTenants: true,
    repetition: "request id",
    headers: once,
    body: z.strictObject({ nodeGroupId: NodeGroupId, confirm: text(64) }),
    responses: {
      202: {
        description: "It was sent; the topology tells how it goes.",
        body: z.strictObject({ nodeGroupId: z.string(), state: z.enum(["started", "unknown"]) }),
        headers: { ...noStore, location: "The path of the topology." },
      },
      ...onceResponses,
      409: conflict(
        "There is no ElastiCache, the cache is in no state for it, or there were too many; or a call with this key is being run.",
        "failover_refused",
      ),
      503: unasked,
    },
  },
} as const satisfies Contract;
