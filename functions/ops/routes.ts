import { AwsUnavailable } from "../../lib/aws/ask.ts";
import type { SnapshotDescription } from "../../lib/aws/managed-cache.ts";
import { ConfigError } from "../../lib/config.ts";
import type { Handlers } from "../../lib/http/contract.ts";
import { once } from "../../lib/http/once.ts";
import { createPages } from "../../lib/http/pages.ts";
import { invalidRequest, Problem } from "../../lib/http/problem.ts";
import { timestamp } from "../../lib/http/timestamp.ts";
import type { Idempotency } from "../../lib/idempotency/idempotency.ts";
import type { opsContract } from "../../lib/ops/contract.ts";
import type { Ops } from "../../lib/ops/ops.ts";

const NO_STORE = { "cache-control": "no-store" };
const headers = NO_STORE;

const REFUSALS = {
  exists: ["snapshot_exists", "There is a snapshot with this name already."],
  busy: ["snapshot_refused", "The cache is busy: its status is not available; try later."],
  limit: ["snapshot_refused", "ElastiCache was asked too often; try later."],
  quota: ["snapshot_refused", "There are as many snapshots as the account may have; delete some."],
  unknown: ["snapshot_refused", "ElastiCache does not know the cache."],
  unsupported: ["snapshot_refused", "ElastiCache makes no snapshots of this cache."],
  invalid: ["snapshot_refused", "ElastiCache takes the cache, or the name of the snapshot, for invalid."],
} as const;

/** Turns requests into questions to Redis and to ElastiCache. */
export function createRoutes(ops: Ops, idempotency: Idempotency): Handlers<typeof opsContract> {
  return {
    async getTopology() {
      const { events, ...topology } = await ops.topology();
      const body = { ...topology, events: typeof events === "string" ? events : withTimes(events) };
      return { status: 200, headers, body };
    },

    async getEngine() {
      return { status: 200, headers, body: await ops.engine() };
    },

    async getMemory() {
      return { status: 200, headers, body: { memory: await ops.memory() } };
    },

    async listCollections({ tenant, query: { cursor, limit } }) {
      const pages = createPages(tenant, "/v1/ops/collections");
      const found = await ops.collections({ limit, after: pages.after(cursor) });
      if (found === "moved")
        throw invalidRequest([
          { path: "query.cursor", message: "is of other primaries, or of none; begin anew" },
        ]);
      if (found === "not_available")
        return { status: 200, headers, body: { collections: found, scannedKeys: 0, unreachable: [] } };
      const { last, ...stretch } = found;
      const next = pages.next(last, limit);
      return { status: 200, headers: { ...headers, ...next.headers }, body: { ...stretch, ...next.body } };
    },

    async getSlowlog({ query: { limit } }) {
      const { commands, unreachable } = await ops.slowlog(limit);
      if (typeof commands === "string") return { status: 200, headers, body: { commands, unreachable } };
      const timed = commands.map((command) => ({ ...command, at: timestamp(command.at) }));
      return { status: 200, headers, body: { commands: timed, unreachable } };
    },

    async getClients() {
      return { status: 200, headers, body: await ops.clients() };
    },

    async listSnapshots({ tenant, query: { cursor, limit } }) {
      if (!ops.managed) return { status: 200, headers, body: { snapshots: "not_managed" } };
      const pages = createPages(tenant, "/v1/ops/snapshots");
      const page = await asked(ops.managed.snapshots(limit, pages.after(cursor)));
      if (!page)
        throw invalidRequest([{ path: "query.cursor", message: "leads nowhere any more; begin anew" }]);
      const next = pages.next(page.next, limit);
      const snapshots = page.snapshots.map(describe);
      return { status: 200, headers: { ...headers, ...next.headers }, body: { snapshots, ...next.body } };
    },

    async createSnapshot({ tenant, headers: { "idempotency-key": key }, body }) {
      const managed = managedBy(ops);
      const request = ["snapshot", managed.id, body];
      const snapshot = await once(idempotency, { tenant, key, request }, async (_, randomness) => {
        const outcome = await asked(managed.createSnapshot(body.label, randomness));
        if (outcome.state === "done") return describe(outcome.value);
        const [code, why] = REFUSALS[outcome.reason];
        throw new Problem(409, code, why);
      });
      const location = `/v1/ops/snapshots/${snapshot.name}`;
      return { status: 202, headers: { ...headers, location }, body: { snapshot } };
    },

    async getSnapshot({ params: { name } }) {
      const found = await asked(managedBy(ops).snapshot(name));
      if (!found) throw new Problem(404, "snapshot_unknown", "The cache has no such snapshot.");
      const { snapshot, restore } = found;
      return { status: 200, headers, body: { snapshot: describe(snapshot), restore } };
    },

    async createFailoverTest({ tenant, headers: { "idempotency-key": key }, body }) {
      const managed = managedBy(ops);
      const { nodeGroupId, confirm } = body;
      if (confirm !== managed.id)
        throw invalidRequest([{ path: "body.confirm", message: "must be the id of the cache" }]);
      const request = ["failover", managed.id, nodeGroupId];
      const state = await once<FailoverState>(
        idempotency,
        { tenant, key, request },
        async (_, __, foretell) => {
          // The Redis that keeps the answer is the one that fails over.
          const beforehand = async () => foretell?.("unknown");
          const outcome = await asked(managed.testFailover(nodeGroupId, beforehand));
          if (outcome.state === "refused") throw new Problem(409, "failover_refused", outcome.why);
          return outcome.state;
        },
      );
      const location = "/v1/ops/topology";
      return { status: 202, headers: { ...headers, location }, body: { nodeGroupId, state } };
    },
  };
}

function managedBy({ managed }: Ops) {
  if (managed) return managed;
  throw new Problem(409, "not_managed", "This Redis is none of ElastiCache's: ELASTICACHE_ID is unset.");
}

type FailoverState = "started" | "unknown";

/** What AWS could not be asked is said to the operator with the reason, which names settings and no values. */
async function asked<T>(question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof AwsUnavailable)
      throw new Problem(503, "elasticache_unavailable", error.message, { headers: { "retry-after": "5" } });
    if (error instanceof ConfigError) throw new Problem(503, "elasticache_refused", error.message);
    throw error;
  }
}

function describe({ createdAt, ...snapshot }: SnapshotDescription) {
  return { ...snapshot, ...(createdAt !== undefined && { createdAt: timestamp(createdAt) }) };
}

function withTimes({ events, updates }: Exclude<Awaited<ReturnType<Ops["topology"]>>["events"], string>) {
  return {
    events: events.map(({ at, message }) => ({ at: timestamp(at), message })),
    updates: updates.map(({ applyBy, ...update }) => ({
      ...update,
      ...(applyBy !== undefined && { applyBy: timestamp(applyBy) }),
    })),
  };
}
