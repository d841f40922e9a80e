import type { EngineReport, NodeReport } from "../ops/engine.ts";

/** What one look at all nodes comes to; what no node tells is absent. */
export interface Reading {
  readonly at: number;
  readonly memoryUsed: number | undefined;
  /** Of the node that has least left: 1 is all of `maxmemory`. */
  readonly memoryShare: number | undefined;
  readonly connections: number | undefined;
  /** Of the node that has least left: 1 is all of `maxclients`. */
  readonly connectionsShare: number | undefined;
  readonly operationsPerSecond: number | undefined;
  /** Of the replica that is furthest behind, in bytes. */
  readonly replicationLag: number | undefined;
  /** Each node's counts since it started. */
  readonly counts: ReadonlyMap<string, Counts>;
  /** The histories that the primaries write, by address. */
  readonly primaries: ReadonlyMap<string, string>;
  readonly unreachable: readonly string[];
}

export interface Counts {
  readonly evictions: number;
  readonly hits: number;
  readonly misses: number;
}

export function toReading({ nodes, unreachable }: EngineReport, at: number): Reading {
  const primaries = nodes.filter(({ role }) => role === "primary");
  return {
    at,
    memoryUsed: sum(primaries.map(({ memory }) => told(memory)?.usedBytes)),
    memoryShare: largest(nodes.map(({ memory }) => share(told(memory)?.usedBytes, told(memory)?.maxBytes))),
    connections: sum(nodes.map(({ clients }) => told(clients)?.connected)),
    connectionsShare: largest(
      nodes.map(({ clients }) => share(told(clients)?.connected, told(clients)?.max)),
    ),
    operationsPerSecond: sum(nodes.map(({ stats }) => told(stats)?.commandsPerSecond)),
    replicationLag: largest(primaries.flatMap(lagsOf)),
    counts: new Map(nodes.flatMap(countsOf)),
    primaries: new Map(primaries.map(({ address, replication }) => [address, historyOf(replication)])),
    unreachable,
  };
}

function told<T>(part: T | "not_available"): T | undefined {
  return part === "not_available" ? undefined : part;
}

/** Of a server without a limit there is none. */
function share(used: number | undefined, limit: number | undefined): number | undefined {
  return used !== undefined && limit ? used / limit : undefined;
}

function lagsOf({ replication }: NodeReport): number[] {
  const { replicas = [] } = (told(replication) ?? {}) as { replicas?: readonly { lagBytes: number }[] };
  return replicas.map(({ lagBytes }) => lagBytes);
}

function historyOf(replication: NodeReport["replication"]): string {
  return (told(replication) as { history?: string } | undefined)?.history ?? "";
}

function countsOf({ address, stats }: NodeReport): [string, Counts][] {
  const { evictedKeys: evictions = 0, hits = 0, misses = 0 } = told(stats) ?? {};
  return told(stats) ? [[address, { evictions, hits, misses }]] : [];
}

const known = (values: readonly (number | undefined)[]) =>
  values.filter((value): value is number => value !== undefined && Number.isFinite(value));

function sum(values: readonly (number | undefined)[]): number | undefined {
  const numbers = known(values);
  return numbers.length > 0 ? numbers.reduce((total, value) => total + value, 0) : undefined;
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  const numbers = known(values);
  return numbers.length > 0 ? Math.max(...numbers) : undefined;
}
