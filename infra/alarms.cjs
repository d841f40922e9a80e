const { connectionsOf, maxClientsOf } = require("./concurrency.cjs");
const { functions } = require("./functions.cjs");
const { api, lambda, machine, nodes, saidBy, serverlessCache } = require("./metric-sources.cjs");

const always = () => true;
const isServerless = ({ cache }) => cache === "serverless";
const isSelfManaged = ({ cache }) => cache === "self-managed";
const isUnmanaged = ({ isManaged }) => !isManaged;
const isNodes = (stack) => stack.isManaged && !isServerless(stack);
const hasReplicas = ({ cache, replicas }) => cache !== "node" && replicas > 0;
const isDurable = ({ cache, durability }) => cache === "cluster" && durability !== "none";
/** With the other policies it is to be full, and to evict, all the time. */
const isNeverFull = ({ eviction }) => !eviction.startsWith("allkeys-");
/**
 * Of up to two virtual CPUs, where the engine's own is no measure of the node:
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.WhichShouldIMonitor.html
 */
const isSmall = ({ nodeType }) => /\.(micro|small|medium|large)$/.test(nodeType);
const isLarge = (stack) => !isSmall(stack);

/** More than the functions can have are somebody else's; without a reservation only the node has an end. */
const connections = ({ cache, concurrency }) =>
  concurrency > 0 ? connectionsOf(concurrency) : maxClientsOf(cache) * 0.8;
/** Of a hundred; how many a Redis elsewhere takes is not known here. */
const connectionsShare = (stack) =>
  isSelfManaged(stack) ? (100 * connections(stack)) / maxClientsOf(stack.cache) : 80;

/** Entries of the list that have a source in common, and the stacks that they are for, of which some are not for all. */
const watch = (isThere, from, entries) =>
  entries.map(({ when = always, ...entry }) => ({
    ...entry,
    from,
    when: (stack) => isThere(stack) && when(stack),
  }));

/**
 * Everything that is watched; alarms and dashboard are made of this list. An alarm goes off when the metric was above
 * the limit in a third of so many `minutes`, of which it is told `every` so many; with `missing: "breaching"` when it was
 * above it, or silent, in all of them. Latencies of ElastiCache are in microseconds, all others in milliseconds.
 */
const WATCHED = [
  // Node by node: the worst of them counts.
  ...watch(isNodes, nodes, [
    {
      id: "Memory",
      when: isNeverFull,
      metric: "DatabaseMemoryUsagePercentage",
      stat: "Maximum",
      above: 80,
    },
    { id: "Evictions", when: isNeverFull, metric: "Evictions", stat: "Sum", above: 100 },
    { id: "EngineCpu", when: isLarge, metric: "EngineCPUUtilization", stat: "Average", above: 80 },
    // The engine can use half of what two CPUs do, and 90 % of that is much.
    { id: "EngineCpu", when: isSmall, metric: "CPUUtilization", stat: "Average", above: 45 },
    { id: "Connections", metric: "CurrConnections", stat: "Maximum", above: connections },
    { id: "ReplicationLag", when: hasReplicas, metric: "ReplicationLag", stat: "Maximum", above: 5 },
    // Writes are refused at 10,000 ms.
    { id: "DurabilityLag", when: isDurable, metric: "DurabilityLag", stat: "Maximum", above: 5000 },
    {
      id: "WriteLatency",
      metric: "SuccessfulWriteRequestLatency",
      stat: "p99",
      above: ({ durability }) => (durability === "sync" ? 25_000 : 10_000),
    },
  ]),
  // How near it is to the limits that it was given.
  ...watch(isServerless, serverlessCache, [
    {
      id: "Memory",
      metric: "BytesUsedForCache",
      stat: "Maximum",
      above: ({ maxGigabytes }) => maxGigabytes * 1024 ** 3 * 0.8,
    },
    { id: "Evictions", metric: "Evictions", stat: "Sum", above: 100 },
    {
      id: "EngineCpu",
      metric: "ElastiCacheProcessingUnits",
      stat: "Sum",
      above: ({ maxEcpuPerSecond }) => maxEcpuPerSecond * 60 * 0.8,
    },
    { id: "CommandsThrottled", metric: "ThrottledCmds", stat: "Sum", above: 0 },
    { id: "Connections", metric: "CurrConnections", stat: "Maximum", above: connections },
    { id: "WriteLatency", metric: "SuccessfulWriteRequestLatency", stat: "p99", above: 10_000 },
  ]),
  // A Redis that AWS does not watch: what the sentry sees of it.
  ...watch(isUnmanaged, saidBy("sentry"), [
    { id: "Memory", when: isNeverFull, metric: "MemoryShare", stat: "Maximum", above: 80 },
    { id: "Evictions", when: isNeverFull, metric: "Evictions", stat: "Sum", above: 100 },
    { id: "Connections", metric: "ConnectionsShare", stat: "Maximum", above: connectionsShare },
    // In bytes.
    { id: "ReplicationLag", metric: "ReplicationLag", stat: "Maximum", above: 10_000_000 },
    { id: "RoundTrip", metric: "RedisRoundTrip", stat: "Maximum", above: 100 },
  ]),
  // EC2 tells the load every five minutes, and whether the machine is well every minute.
  ...watch(isSelfManaged, machine, [
    { id: "EngineCpu", metric: "CPUUtilization", stat: "Average", above: 70, every: 5, minutes: 15 },
    {
      id: "Machine",
      metric: "StatusCheckFailed",
      stat: "Maximum",
      above: 0,
      minutes: 3,
      missing: "breaching",
    },
  ]),
  // What the sentry foresees, where it knows how much there is; and whether it sees at all, which it says at every run.
  ...watch(always, saidBy("sentry"), [
    { id: "MemoryShort", when: isNeverFull, metric: "MemoryShort", stat: "Maximum", above: 0 },
    { id: "ConnectionsShort", metric: "ConnectionsShort", stat: "Maximum", above: 0 },
    { id: "NodesUnreachable", metric: "NodesUnreachable", stat: "Maximum", above: 0 },
    { id: "SnapshotFailures", metric: "SnapshotFailures", stat: "Sum", above: 0, minutes: 1 },
    { id: "SentryBlind", metric: "Failures", stat: "Maximum", above: 0, minutes: 3, missing: "breaching" },
  ]),
  ...watch(always, lambda("sentry"), [
    { id: "SentryFailures", metric: "Errors", stat: "Sum", above: 0, minutes: 3 },
  ]),
  ...watch(always, api, [
    { id: "ErrorRate", metric: "5xx", stat: "Sum", percentOf: "Count", above: 1 },
    { id: "Latency", metric: "Latency", stat: "p99", above: 1000 },
  ]),
  ...watch(always, lambda(...functions), [
    { id: "Throttles", metric: "Throttles", stat: "Sum", combine: "SUM", above: 0 },
  ]),
  ...watch(always, lambda("warmer"), [
    { id: "WarmerFailures", metric: "Errors", stat: "Sum", above: 0, minutes: 1 },
  ]),
  ...watch(always, saidBy("warmer"), [
    { id: "SandboxesFailed", metric: "SandboxesFailed", stat: "Sum", above: 0, minutes: 1 },
  ]),
];

/** An alarm takes ten metrics. */
const AT_ONCE = 10;

/** What is watched in this stack: the entries of the list with their sources and limits, ten sources at most in each. */
function watchedIn(context) {
  const { stack } = context;
  return WATCHED.filter(({ when }) => when(stack)).flatMap((entry) => {
    const sources = entry.from(context);
    const above = typeof entry.above === "function" ? entry.above(stack) : entry.above;
    return Array.from({ length: Math.ceil(sources.length / AT_ONCE) }, (_, part) => ({
      minutes: 5,
      every: 1,
      combine: "MAX",
      missing: "notBreaching",
      ...entry,
      above,
      id: part === 0 ? entry.id : `${entry.id}${part + 1}`,
      sources: sources.slice(part * AT_ONCE, (part + 1) * AT_ONCE),
    }));
  });
}

exports.watchedIn = watchedIn;
