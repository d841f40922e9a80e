import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

/** What a scheduled function may measure, apart from requests. */
const UNITS = {
  Failures: MetricUnit.Count,
  SandboxesWarmed: MetricUnit.Count,
  SandboxesCold: MetricUnit.Count,
  SandboxesFailed: MetricUnit.Count,
  MemoryUsed: MetricUnit.Bytes,
  MemoryShare: MetricUnit.Percent,
  MemoryFullIn: MetricUnit.Seconds,
  MemoryShort: MetricUnit.Count,
  Connections: MetricUnit.Count,
  ConnectionsShare: MetricUnit.Percent,
  ConnectionsFullIn: MetricUnit.Seconds,
  ConnectionsShort: MetricUnit.Count,
  Evictions: MetricUnit.Count,
  KeyspaceHits: MetricUnit.Count,
  KeyspaceMisses: MetricUnit.Count,
  OperationsPerSecond: MetricUnit.CountPerSecond,
  ReplicationLag: MetricUnit.Bytes,
  RedisRoundTrip: MetricUnit.Milliseconds,
  RoleChanges: MetricUnit.Count,
  NodesUnreachable: MetricUnit.Count,
  SnapshotsTaken: MetricUnit.Count,
  SnapshotFailures: MetricUnit.Count,
};

/** What is known of each; the rest is left out. */
export type Measurements = { readonly [K in keyof typeof UNITS]?: number | undefined };

/** Writes one line in CloudWatch's embedded metric format, by the name of a function, which tells the stages apart. */
export function publishMeasurements(functionName: string, measurements: Measurements): void {
  const metrics = new Metrics({ namespace: "redigate", serviceName: "redigate" });
  metrics.addDimension("function", functionName);
  const known = Object.entries(measurements).filter(([, value]) => Number.isFinite(value));
  for (const [name, value] of known)
    metrics.addMetric(name, UNITS[name as keyof typeof UNITS], value as number);
  process.stdout.write(`${JSON.stringify(metrics.serializeMetrics())}\n`);
}
