import type { ManagedCache } from "../aws/elasticache-management.ts";
import { ConfigError } from "../config.ts";
import type { Connection } from "../redis/connection.ts";
import { RedisUnavailable } from "../redis/errors.ts";
import { NOT_AVAILABLE } from "./availability.ts";
import { readCluster } from "./cluster.ts";
import { readEngine } from "./engine.ts";

/** What stands for the part of AWS where there is none. */
const NOT_MANAGED = "not_managed" as const;

/**
 * What ElastiCache and Redis tell of who is there, asked at the same time. Either may fail without keeping the other from
 * being heard; rejects as `Connection.run` when neither tells anything.
 */
export async function readTopology(connection: Connection, cache: ManagedCache | undefined) {
  const [managed, servers] = await Promise.all([readManaged(cache), readServers(connection)]);
  const isSilent = typeof managed.cache === "string" && servers.failure;
  if (isSilent) throw servers.failure;
  const { reasons, ...told } = managed;
  const { failure, ...heard } = servers;
  return { ...told, ...heard, reasons: failure ? [...reasons, failure.message] : reasons };
}

async function readManaged(cache: ManagedCache | undefined) {
  if (!cache) return { cache: NOT_MANAGED, events: NOT_MANAGED, reasons: [] };
  const [described, version, events] = await Promise.allSettled([
    cache.describe(),
    cache.version(),
    cache.events(),
  ]);
  if (described.status === "rejected")
    return { cache: NOT_AVAILABLE, events: NOT_AVAILABLE, reasons: [messageOf(described)] };
  const exact = version.status === "fulfilled" ? version.value : undefined;
  return {
    cache: { ...described.value, version: exact ?? described.value.version },
    events: events.status === "fulfilled" ? events.value : NOT_AVAILABLE,
    reasons: events.status === "rejected" ? [messageOf(events)] : [],
  };
}

async function readServers(connection: Connection) {
  try {
    const [cluster, { nodes, unreachable }] = await Promise.all([
      readCluster(connection),
      readEngine(connection),
    ]);
    const described = nodes.map(({ address, role, server, replication }) => ({
      address,
      role,
      server,
      replication,
    }));
    return { cluster, nodes: described, unreachable };
  } catch (failure) {
    if (!(failure instanceof RedisUnavailable || failure instanceof ConfigError)) throw failure;
    return { cluster: NOT_AVAILABLE, nodes: NOT_AVAILABLE, unreachable: [], failure };
  }
}

function messageOf({ reason }: PromiseRejectedResult): string {
  return (reason as Error).message;
}
