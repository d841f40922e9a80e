import type { Redis } from "ioredis";
import type { Connection } from "../redis/connection.ts";
import { NOT_AVAILABLE, type Told } from "./availability.ts";
import { type Info, numbers, parseInfo, parsePairs } from "./info.ts";
import { addressOf, askEveryNode, repliesOf } from "./nodes.ts";

/** What matters of CONFIG, where it may be read. */
const SETTINGS = ["maxmemory-policy", "appendonly", "save", "timeout", "slowlog-log-slower-than"];

export type EngineReport = Awaited<ReturnType<typeof readEngine>>;
export type NodeReport = EngineReport["nodes"][number];

/**
 * What Redis says of itself, node by node, in one round trip to each. A part that a node refuses is `not_available`, a
 * field that it leaves out is absent. Rejects as `Connection.run` when no node answers.
 */
export async function readEngine(connection: Connection) {
  const { answers, unreachable } = await askEveryNode(connection, readNode);
  const nodes = answers.toSorted((one, other) => (one.address < other.address ? -1 : 1));
  return { nodes, unreachable };
}

async function readNode(node: Redis) {
  const [text, ...settings] = await repliesOf(node, (pipeline) =>
    SETTINGS.reduce((all, name) => all.config("GET", name), pipeline.info()),
  );
  const info = text === NOT_AVAILABLE ? {} : parseInfo(String(text));
  return {
    address: addressOf(node),
    role: roleOf(info),
    server: serverOf(info),
    memory: memoryOf(info),
    clients: numbers(info, {
      connected: "connected_clients",
      blocked: "blocked_clients",
      max: "maxclients",
    }),
    stats: numbers(info, {
      commandsPerSecond: "instantaneous_ops_per_sec",
      hits: "keyspace_hits",
      misses: "keyspace_misses",
      evictedKeys: "evicted_keys",
      expiredKeys: "expired_keys",
      connectionsReceived: "total_connections_received",
      connectionsRejected: "rejected_connections",
    }),
    replication: replicationOf(info),
    persistence: numbers(info, {
      loading: "loading",
      appendOnly: "aof_enabled",
      lastSavedAt: "rdb_last_save_time",
      changesSinceSave: "rdb_changes_since_last_save",
    }),
    keyspace: keyspaceOf(info),
    configuration: configurationOf(settings),
  };
}

function roleOf({ role }: Info): Told<"primary" | "replica"> {
  if (role === undefined) return NOT_AVAILABLE;
  return role === "master" ? "primary" : "replica";
}

function serverOf(info: Info) {
  const isValkey = info.valkey_version !== undefined;
  const version = info.valkey_version ?? info.redis_version;
  if (version === undefined) return NOT_AVAILABLE;
  const uptimeSeconds = Number(info.uptime_in_seconds);
  return {
    engine: isValkey ? "valkey" : "redis",
    version,
    ...(Number.isFinite(uptimeSeconds) && { uptimeSeconds }),
  };
}

function memoryOf(info: Info) {
  const sizes = numbers(info, {
    usedBytes: "used_memory",
    maxBytes: "maxmemory",
    residentBytes: "used_memory_rss",
    peakBytes: "used_memory_peak",
    fragmentation: "mem_fragmentation_ratio",
  });
  const policy = info.maxmemory_policy;
  return sizes === NOT_AVAILABLE ? sizes : { ...sizes, ...(policy && { policy }) };
}

/** The lag of a replica is what its primary has written and it has not acknowledged yet. */
function replicationOf(info: Info) {
  if (info.role === undefined) return NOT_AVAILABLE;
  const offset = Number(info.master_repl_offset ?? 0);
  if (info.role !== "master") {
    return {
      offset: Number(info.slave_repl_offset ?? offset),
      primary: [info.master_host, info.master_port].join(":"),
      linkUp: info.master_link_status === "up",
      secondsSinceHeard: Number(info.master_last_io_seconds_ago ?? -1),
    };
  }
  const replicas = Object.entries(info)
    .filter(([name, value]) => /^slave\d+$/.test(name) && value.includes("offset="))
    .map(([, value]) => {
      const { ip, port, state = "unknown", offset: acknowledged, lag } = parsePairs(value);
      const behind = Math.max(0, offset - Number(acknowledged));
      return { address: [ip, port].join(":"), state, lagBytes: behind, lagSeconds: Number(lag ?? 0) };
    });
  // Another one after a failover, and after a restart.
  const { master_replid: history } = info;
  return { ...(history && { history }), offset, replicas };
}

/** All databases together. */
function keyspaceOf(info: Info) {
  if (Object.keys(info).length === 0) return NOT_AVAILABLE;
  const databases = Object.entries(info)
    .filter(([name]) => /^db\d+$/.test(name))
    .map(([, value]) => parsePairs(value));
  const total = (field: string) => databases.reduce((sum, database) => sum + Number(database[field] ?? 0), 0);
  return { keys: total("keys"), expiring: total("expires") };
}

/** CONFIG GET answers with a name and its value, or with nothing for a name that it does not have. */
function configurationOf(replies: readonly unknown[]): Told<Record<string, string>> {
  const pairs = replies.filter((reply) => Array.isArray(reply) && reply.length === 2) as [string, string][];
  return pairs.length > 0 ? Object.fromEntries(pairs) : NOT_AVAILABLE;
}
