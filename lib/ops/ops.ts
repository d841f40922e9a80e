import type { ManagedCache } from "../aws/elasticache-management.ts";
import type { Randomness } from "../opaque-token.ts";
import type { Connection } from "../redis/connection.ts";
import { readClients } from "./clients.ts";
import { findCollections } from "./collections.ts";
import { readEngine } from "./engine.ts";
import { testFailover } from "./failover.ts";
import { readMemory } from "./memory.ts";
import { restoreSteps } from "./restore.ts";
import { readSlowlog } from "./slowlog.ts";
import { createSnapshot } from "./snapshots.ts";
import { readTopology } from "./topology.ts";

export type Ops = ReturnType<typeof createOps>;

/** Looks after the Redis that all tenants share, and after the cache of ElastiCache that it is, if it is one. */
export function createOps(connection: Connection, cache: ManagedCache | undefined) {
  return {
    topology: () => readTopology(connection, cache),
    engine: () => readEngine(connection),
    memory: () => readMemory(connection),
    collections: (from: { limit: number; after: string | undefined }) => findCollections(connection, from),
    slowlog: (limit: number) => readSlowlog(connection, limit),
    clients: () => readClients(connection),
    /** Undefined where ElastiCache does not manage it, and nothing of this can be done. */
    managed: cache && {
      id: cache.id,
      snapshots: (limit: number, after: string | undefined) => cache.snapshots(limit, after),
      /** With what to do to restore it. Undefined when there is no such snapshot. */
      async snapshot(name: string) {
        const [description, snapshot] = await Promise.all([cache.describe(), cache.snapshot(name)]);
        return snapshot && { snapshot, restore: restoreSteps(description, snapshot) };
      },
      createSnapshot: (label: string | undefined, randomness: Randomness | undefined) =>
        createSnapshot(cache, label, randomness),
      /** Waits for `beforehand` before ElastiCache is asked for it. */
      testFailover: (nodeGroupId: string, beforehand: () => Promise<void>) =>
        testFailover(cache, nodeGroupId, beforehand),
    },
  };
}
