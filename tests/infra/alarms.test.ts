import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import { publishMeasurements } from "../../lib/http/measurements.ts";
import { captureOutput } from "../http/captured.ts";

interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
}
interface Properties extends Metric {
  readonly Threshold: number;
  readonly DashboardBody: { readonly "Fn::Sub": string };
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: Metric } }[];
}
type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties: Properties }>>;
interface Variables {
  readonly resolveVariable: (name: string) => Promise<unknown>;
}

const load = createRequire(import.meta.url);
const monitoring: { resources(variables: Variables): Promise<{ Resources: Resources }> } = load(
  join(projectDir, "infra/monitoring.cjs"),
);
const { settle } = load(join(projectDir, "infra/parameters.cjs"));
const { nodesOf } = load(join(projectDir, "infra/cache-nodes.cjs"));
const ENVIRONMENT = { external: { REDIS_URL: "redis://redis.example" } };

async function monitored(given: Record<string, string>) {
  const stack = settle(given, "prod", given.cache === "external" ? ENVIRONMENT.external : {});
  const known: Record<string, unknown> = { "self:custom.stack": stack, "self:custom.name": "redigate-prod" };
  return (await monitoring.resources({ resolveVariable: async (name) => known[name] })).Resources;
}

const alarmsIn = (resources: Resources) =>
  Object.entries(resources).filter(([, { Type }]) => Type === "AWS::CloudWatch::Alarm");

/** What CloudWatch makes of a line in which a function says a metric, if it can: a measurement without a unit is none. */
function said(metric: string, functionName: string): string[] {
  const output = captureOutput();
  publishMeasurements(functionName, { [metric]: 1 });
  const [line] = output.metrics();
  vi.restoreAllMocks();
  return (line?._aws.CloudWatchMetrics ?? []).flatMap(({ Namespace, Dimensions, Metrics }) => {
    const pairs = Dimensions.flat().flatMap((dimension) => [dimension, JSON.stringify(line?.[dimension])]);
    return Metrics.filter(({ Unit }) => Unit).map(({ Name }) => [Namespace, Name, ...pairs].join(" "));
  });
}

/** What an alarm is about, as rows of a dashboard: the metrics by name and dimensions. */
function rowsOf({ Metrics, ...metric }: Properties): string[] {
  const metrics = Metrics?.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []) ?? [metric];
  return metrics.map(({ Namespace, MetricName, Dimensions }) => {
    const pairs = Dimensions.flatMap(({ Name, Value }) => [Name, JSON.stringify(Value)]);
    return [Namespace, MetricName, ...pairs].join(" ");
  });
}

/** The rows of the dashboard, with references as alarms have them. */
function drawnIn({ DashboardBody }: Properties): string[] {
  const { widgets } = JSON.parse(DashboardBody["Fn::Sub"]);
  return widgets
    .flatMap(({ properties }: { properties: { metrics: unknown[][] } }) => properties.metrics)
    .map((row: unknown[]) => row.filter((part) => typeof part === "string"))
    .filter((row: string[]) => row.length > 0)
    .map(([namespace, name, ...pairs]: string[]) => {
      const values = pairs.map((text, index) => {
        const [, reference] = /^\$\{(\w+)\}$/.exec(text) ?? [];
        return index % 2 === 0 ? text : JSON.stringify(reference ? { Ref: reference } : text);
      });
      return [namespace, name, ...values].join(" ");
    });
}

const EVERY_CACHE = ["serverless", "cluster", "replication-group", "node", "self-managed", "external"];

describe.each(EVERY_CACHE)("%s", (cache) => {
  test("has an alarm on what can go wrong, and each has its graph", async () => {
    const resources = await monitored({ cache });
    const names = alarmsIn(resources).map(([name]) => name.replace(/Alarm$/, ""));
    expect(names).toEqual(
      expect.arrayContaining(["Memory", "Evictions", "Connections", "ErrorRate", "Latency", "Throttles"]),
    );
    expect(names).toContain("WarmerFailures");
    if (cache !== "external") expect(names).toContain("EngineCpu");
    expect(names).toContain(["self-managed", "external"].includes(cache) ? "RoundTrip" : "WriteLatency");
    // AWS keeps a serverless cache in several zones, and does not say how far they are apart.
    expect(names.includes("ReplicationLag")).toBe(!["serverless", "node"].includes(cache));
    const body = JSON.parse(resources.Dashboard?.Properties.DashboardBody["Fn::Sub"] ?? "");
    expect(body.widgets.map((widget: { properties: { title: string } }) => widget.properties.title)).toEqual(
      names,
    );
  });

  test("is drawn as it is watched", async () => {
    const resources = await monitored({ cache });
    const watched = alarmsIn(resources).flatMap(([, { Properties }]) => rowsOf(Properties));
    expect(drawnIn(resources.Dashboard?.Properties as Properties)).toEqual(watched);
  });

  test("is watched for nothing that its functions do not say", async () => {
    const resources = await monitored({ cache });
    const own = alarmsIn(resources).flatMap(([, { Properties }]) =>
      rowsOf(Properties).filter((row) => row.startsWith("redigate ")),
    );
    expect(own.length).toBeGreaterThan(3);
    for (const row of own) {
      const [, metric = "", ...dimensions] = row.split(" ");
      expect(said(metric, JSON.parse(dimensions.at(-1) ?? ""))).toEqual([row]);
    }
  });

  test("is missed when the sentry says nothing", async () => {
    const { SentryBlindAlarm, MachineAlarm } = await monitored({ cache });
    const silent = { TreatMissingData: "breaching", EvaluationPeriods: 3, DatapointsToAlarm: 3 };
    expect(SentryBlindAlarm?.Properties).toMatchObject(silent);
    if (cache === "self-managed") expect(MachineAlarm?.Properties).toMatchObject(silent);
  });
});

test("the load of nodes with two CPUs is that of both, and of larger ones that of the engine", async () => {
  const loadOf = async (given: Record<string, string>) => {
    const { EngineCpuAlarm } = await monitored(given);
    if (!EngineCpuAlarm) throw new Error("there is no alarm");
    const [row = ""] = rowsOf(EngineCpuAlarm.Properties);
    return [row.split(" ")[1], EngineCpuAlarm.Properties.Threshold];
  };
  expect(await loadOf({ cache: "node" })).toEqual(["CPUUtilization", 45]);
  expect(await loadOf({ cache: "cluster" })).toEqual(["CPUUtilization", 45]);
  for (const nodeType of ["cache.r7g.xlarge", "cache.r7g.12xlarge"])
    expect(await loadOf({ cache: "cluster", nodeType })).toEqual(["EngineCPUUtilization", 80]);
});

describe("a cache that is meant to be full", () => {
  const OF_A_FULL_ONE = /^(Memory|MemoryShort|Evictions)Alarm$/;
  const alarmsOf = async (given: Record<string, string>) =>
    alarmsIn(await monitored(given)).map(([name]) => name);

  test.each(["cluster", "replication-group", "node", "self-managed"])(
    "has no alarm that would ring for ever: %s",
    async (cache) => {
      for (const eviction of ["volatile-lru", "noeviction"])
        expect((await alarmsOf({ cache, eviction })).filter((name) => OF_A_FULL_ONE.test(name))).toHaveLength(
          3,
        );
      for (const eviction of ["allkeys-lru", "allkeys-random"]) {
        const names = await alarmsOf({ cache, eviction });
        expect(names.filter((name) => OF_A_FULL_ONE.test(name))).toEqual([]);
        expect(names).toContain("ConnectionsAlarm");
      }
    },
  );
});

test.each([
  ["cluster", "500", 2000],
  ["serverless", "500", 2000],
  ["node", "0", 52_000],
  // Of a hundred, and it takes 10,000.
  ["self-managed", "500", 20],
  ["self-managed", "0", 80],
  ["external", "500", 80],
])(
  "%s with concurrency=%s is watched for more connections than it should have",
  async (cache, concurrency, above) => {
    const { ConnectionsAlarm } = await monitored({ cache, concurrency });
    expect(ConnectionsAlarm?.Properties.Threshold).toBe(above);
  },
);

test("the alarms of the largest cluster leave a template's other parts a tenth of what CloudFormation takes", () => {
  const largest = { cache: "cluster", shards: "50", replicas: "4", durability: "sync" };
  return expect(monitored(largest).then((all) => JSON.stringify(all).length)).resolves.toBeLessThan(
    0.9 * 1024 ** 2,
  );
});

test("a machine's load is asked for as often as EC2 tells it", async () => {
  const { EngineCpuAlarm } = await monitored({ cache: "self-managed" });
  expect(EngineCpuAlarm?.Properties).toMatchObject({
    Period: 300,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 1,
  });
});

test("nodes are watched by the names that ElastiCache gives them", () => {
  const nodes = (given: Record<string, string>) => nodesOf(settle(given, "prod", {}), "redigate-prod");
  expect(nodes({ cache: "node" })).toEqual(["redigate-prod-node-001"]);
  expect(nodes({ cache: "replication-group", replicas: "1" })).toEqual([
    "redigate-prod-replication-group-001",
    "redigate-prod-replication-group-002",
  ]);
  expect(nodes({ cache: "cluster", shards: "2", replicas: "1" })).toEqual(
    ["0001-001", "0001-002", "0002-001", "0002-002"].map((node) => `redigate-prod-cluster-${node}`),
  );
});

test("of a large cluster every node is watched, ten by ten, which is what an alarm takes", async () => {
  const resources = await monitored({ cache: "cluster", shards: "8", replicas: "2" });
  const memory = alarmsIn(resources).filter(([name]) => /^Memory\d?Alarm$/.test(name));
  const counts = memory.map(
    ([, { Properties }]) => Properties.Metrics?.filter(({ MetricStat }) => MetricStat).length,
  );
  expect(counts).toEqual([10, 10, 4]);
});

test("a durable cluster is watched for how far its log is behind", async () => {
  const names = alarmsIn(await monitored({ cache: "cluster", durability: "async" })).map(([name]) => name);
  expect(names).toContain("DurabilityLagAlarm");
  expect(alarmsIn(await monitored({ cache: "cluster" })).map(([name]) => name)).not.toContain(
    "DurabilityLagAlarm",
  );
});
