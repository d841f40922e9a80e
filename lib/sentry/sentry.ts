import type { EngineReport } from "../ops/engine.ts";
import { createChanges } from "./changes.ts";
import type { DailySnapshot } from "./daily-snapshot.ts";
import { createForecast } from "./forecast.ts";
import { toReading } from "./reading.ts";
import { type Limits, type Outlook, outlook } from "./warnings.ts";

export interface SentryOptions {
  readonly readEngine: () => Promise<EngineReport>;
  readonly snapshot: DailySnapshot;
  readonly limits: Limits;
  readonly log: () => Log;
}

interface Log {
  info(message: string, fields: Record<string, unknown>): void;
  warn(message: string, fields: Record<string, unknown>): void;
  error(message: string, fields: Record<string, unknown>): void;
}

const WARNINGS = {
  MemoryShort: "the memory of Redis is running out",
  ConnectionsShort: "the connections of Redis are running out",
};

/** Looks at Redis and at its snapshots. What it compares with and forecasts from is what this sandbox saw before. */
export function createSentry({ readEngine, snapshot, limits, log }: SentryOptions) {
  const changes = createChanges();
  const memoryForecast = createForecast();
  const connectionsForecast = createForecast();

  async function look(now: Date) {
    const at = now.getTime();
    const reading = toReading(await readEngine(), at);
    if (reading.memoryUsed === undefined && reading.connections === undefined)
      throw new Error("no node tells its memory or its connections: may the user call INFO?");
    const memory = outlook(at, reading.memoryShare, memoryForecast, limits);
    const connections = outlook(at, reading.connectionsShare, connectionsForecast, limits);
    const changed = changes.next(reading);
    const { unreachable } = reading;
    if (memory.isShort) warn("MemoryShort", memory);
    if (connections.isShort) warn("ConnectionsShort", connections);
    if (unreachable.length > 0) log().warn("nodes that do not answer", { unreachable });
    if (changed && changed.roleChanges > 0)
      log().warn("another primary, or one that started anew", { ...changed });
    return {
      MemoryUsed: reading.memoryUsed,
      MemoryShare: memory.percent,
      MemoryFullIn: inSeconds(memory.fullInMs),
      MemoryShort: asCount(memory.isShort),
      Connections: reading.connections,
      ConnectionsShare: connections.percent,
      ConnectionsFullIn: inSeconds(connections.fullInMs),
      ConnectionsShort: asCount(connections.isShort),
      Evictions: changed?.evictions,
      KeyspaceHits: changed?.hits,
      KeyspaceMisses: changed?.misses,
      RoleChanges: changed?.roleChanges,
      OperationsPerSecond: reading.operationsPerSecond,
      ReplicationLag: reading.replicationLag,
      NodesUnreachable: unreachable.length,
    };
  }

  async function save(now: Date) {
    const outcome = await snapshot.run(now);
    if (outcome === "created") log().info("snapshot begun", { outcome });
    return outcome === "created" ? { SnapshotsTaken: 1 } : {};
  }

  function warn(alert: keyof typeof WARNINGS, { percent, fullInMs }: Outlook): void {
    log().warn(WARNINGS[alert], { alert, percent, fullInSeconds: inSeconds(fullInMs) });
  }

  /** Both parts by themselves: what fails is told in the log, and counted. Never rejects. */
  async function run(now = new Date()) {
    const [seen, saved] = await Promise.allSettled([look(now), save(now)]);
    for (const [part, { status, ...outcome }] of Object.entries({ look: seen, snapshot: saved })) {
      if (status === "rejected")
        log().error("sentry failed", { part, reason: (outcome as { reason: Error }).reason.message });
    }
    return {
      ...(seen.status === "fulfilled" ? seen.value : {}),
      ...(saved.status === "fulfilled" ? saved.value : {}),
      Failures: Number(seen.status === "rejected"),
      SnapshotFailures: Number(saved.status === "rejected"),
    };
  }
  return { run };
}

function asCount(isSo: boolean | undefined): number | undefined {
  return isSo === undefined ? undefined : Number(isSo);
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms / 1000);
}
