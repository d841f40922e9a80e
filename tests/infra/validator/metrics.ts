import { dimensionSetsOf } from "./specification.ts";
import { isRecord, type Problems, resourcesOf, type Template } from "./template.ts";

/** Documented by AWS, and not in the specification: by namespace, and by the names of the dimensions. */
const DOCUMENTED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "AWS/ElastiCache": {
    CacheClusterId: ["DurabilityLag", "SuccessfulReadRequestLatency", "SuccessfulWriteRequestLatency"],
    // Of serverless caches: as `aws cloudwatch list-metrics` shows them.
    clusterId: [
      ...["BytesUsedForCache", "CurrConnections", "ElastiCacheProcessingUnits", "Evictions"],
      ...["SuccessfulReadRequestLatency", "SuccessfulWriteRequestLatency", "ThrottledCmds"],
    ],
  },
};
const MOST_METRICS = 10;

/** A metric, or a set of dimensions, that does not exist is no error to CloudWatch: the alarm on it never rings. */
export function* checkMetrics(template: Template): Problems {
  for (const { id, properties } of resourcesOf(template, "AWS::CloudWatch::Alarm")) {
    const path = `Resources.${id}.Properties`;
    yield* checkAlarm(path, properties);
    for (const metric of [properties, ...queriesOf(properties).map(metricOf)]) {
      if (!isRecord(metric) || metric.MetricName === undefined) continue;
      const { Namespace, MetricName, Dimensions } = metric;
      const names = Array.isArray(Dimensions) ? Dimensions.map(({ Name }) => String(Name)) : [];
      yield* checkMetric(path, String(Namespace), String(MetricName), names);
    }
  }
  for (const { id, properties } of resourcesOf(template, "AWS::CloudWatch::Dashboard"))
    yield* checkDashboard(`Resources.${id}.Properties.DashboardBody`, properties.DashboardBody);
}

function* checkMetric(
  path: string,
  namespace: string,
  name: string,
  dimensions: readonly string[],
): Problems {
  // In namespaces that are not AWS' own, the functions decide what there is.
  if (!namespace.startsWith("AWS/")) return;
  const set = [...dimensions].sort().join();
  const sets = dimensionSetsOf(namespace, name);
  const isDocumented = DOCUMENTED[namespace]?.[set]?.includes(name) === true;
  const isThere = Object.values(DOCUMENTED[namespace] ?? {}).some((names) => names.includes(name));
  if (sets.length === 0 && !isThere) yield `${path}: there is no metric ${name} in ${namespace}`;
  // One without dimensions is that of all together.
  else if (!set || !(sets.includes(set) || isDocumented))
    yield `${path}: ${name} has no dimensions ${set || "at all"}`;
}

/** What CloudWatch demands of properties together. */
function* checkAlarm(path: string, properties: Readonly<Record<string, unknown>>): Problems {
  const { MetricName, Metrics, Statistic, ExtendedStatistic } = properties;
  const queries = queriesOf(properties);
  if ((MetricName === undefined) === (Metrics === undefined)) yield `${path}: needs MetricName or Metrics`;
  if (MetricName !== undefined && (Statistic === undefined) === (ExtendedStatistic === undefined))
    yield `${path}: needs Statistic or ExtendedStatistic`;
  if (queries.length > 0 && queries.filter(({ ReturnData }) => ReturnData !== false).length !== 1)
    yield `${path}: must return the data of one of Metrics`;
  if (queries.filter(metricOf).length > MOST_METRICS) yield `${path}: may have ${MOST_METRICS} metrics`;
  const ids = queries.map(({ Id }) => Id);
  for (const { Expression = "" } of queries)
    for (const [name] of String(Expression).matchAll(/\bm\d+\b/g))
      if (!ids.includes(name)) yield `${path}: there is no metric ${name} for ${Expression}`;
  const periods = [properties, ...queries.map(({ MetricStat }) => MetricStat)].filter(isRecord);
  for (const { Period = 60 } of periods)
    if (![10, 20, 30].includes(Number(Period)) && Number(Period) % 60 !== 0)
      yield `${path}: Period must be whole minutes, not ${Period} s`;
  if (properties.ActionsEnabled === false || [properties.AlarmActions ?? []].flat().length === 0)
    yield `${path}: nobody hears of it`;
  if (Number(properties.DatapointsToAlarm ?? 0) > Number(properties.EvaluationPeriods))
    yield `${path}: DatapointsToAlarm exceeds EvaluationPeriods`;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
function* checkDashboard(path: string, body: unknown): Problems {
  let dashboard: {
    readonly widgets?: readonly { readonly properties?: { readonly metrics?: unknown[][] } }[];
  };
  try {
    dashboard = JSON.parse(String(isRecord(body) ? body["Fn::Sub"] : body));
  } catch {
    return yield `${path}: is no JSON`;
  }
  for (const [index, { properties }] of (dashboard.widgets ?? []).entries())
    for (const row of properties?.metrics ?? []) {
      const [namespace, name, ...dimensions] = row.filter((part) => typeof part === "string");
      if (namespace === undefined) continue;
      const names = dimensions.filter((_, at) => at % 2 === 0);
      yield* checkMetric(`${path}.widgets.${index}`, namespace, name ?? "", names);
    }
}

type Query = Readonly<Record<string, unknown>>;

const queriesOf = ({ Metrics }: Query): Query[] => (Array.isArray(Metrics) ? Metrics.filter(isRecord) : []);
const metricOf = ({ MetricStat }: Query) => (isRecord(MetricStat) ? MetricStat.Metric : undefined);
