const { memoryOf } = require("./machine-sizes.cjs");
const { isDaily, isWeekly } = require("./windows.cjs");

const MANAGED = ["serverless", "cluster", "replication-group", "node"];
const NODES = ["cluster", "replication-group", "node"];
const OWN = [...MANAGED, "self-managed"];

const such = (isSuch, means) => (value) => (isSuch(value) ? undefined : `must be ${means}`);
const text = (pattern, means) => such((value) => pattern.test(value), means);
const oneOf =
  (...values) =>
  (value) =>
    values.includes(value) ? undefined : `must be ${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
const number = (least, most) => {
  const isOne = (value) => /^\d{1,9}$/.test(value) && value >= least && value <= most;
  return Object.assign(such(isOne, `a whole number from ${least} to ${most}`), { isOfNumbers: true });
};

const ZONE_NAMES = /^[a-z]{2}(-[a-z]+)+-\d[a-z](,[a-z]{2}(-[a-z]+)+-\d[a-z]){1,2}$/;
const zones = Object.assign(
  such((value) => /^[23]$/.test(value) || ZONE_NAMES.test(value), "2 or 3, or the names of so many zones"),
  { isOfNumbers: true },
);

const names = (values) => values.map((value) => `\`${value}\``).join(", ");

/**
 * What `--param <name>=<value>` may say: what it sets, what is allowed, with which caches it means anything (all, where
 * nothing is said), and what it is by itself. The README's table is made of this.
 */
const PARAMETERS = {
  cache: { says: `Where Redis is: ${names([...OWN, "external"])}`, check: oneOf(...OWN, "external") },
  zones: {
    says: "Availability zones of the network that is made: how many, or their names, separated by commas",
    for: OWN,
    check: zones,
    default: "2",
  },
  vpcId: { says: "A VPC of yours to use instead", for: OWN, check: text(/^vpc-\w+$/, "the id of a VPC") },
  subnetIds: {
    says: "Its private subnets, separated by commas",
    for: OWN,
    check: text(/^subnet-\w+(,subnet-\w+)*$/, "ids of subnets, separated by commas"),
  },
  endpoints: {
    says: "With `vpcId`, which needs one of them: `no` if that VPC has the VPC endpoints already, `yes` makes them, for all in it",
    for: OWN,
    check: oneOf("yes", "no"),
    default: "yes",
  },
  nodeType: {
    says: "The size of each node",
    for: NODES,
    check: text(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, "a node type such as cache.r7g.large"),
    default: (cache) => (cache === "node" ? "cache.t4g.small" : "cache.r7g.large"),
  },
  shards: { says: "Shards of the cluster", for: ["cluster"], check: number(1, 90), default: "2" },
  replicas: {
    says: "Replicas of each primary",
    for: ["cluster", "replication-group"],
    check: number(1, 5),
    default: "1",
  },
  durability: {
    says: "What a failover may lose: `none` promises nothing, `async` at most 10 s, `sync` nothing",
    for: ["cluster"],
    check: oneOf("none", "async", "sync"),
    default: "none",
  },
  eviction: {
    says: "What a full cache does (`maxmemory-policy`)",
    for: [...NODES, "self-managed"],
    check: oneOf(
      "noeviction",
      ...["allkeys", "volatile"].flatMap((keys) => [`${keys}-lru`, `${keys}-lfu`, `${keys}-random`]),
      "volatile-ttl",
    ),
    default: "volatile-lru",
  },
  reservedMemoryPercent: {
    says: "Memory kept for snapshots and failovers",
    for: NODES,
    check: number(10, 50),
    default: "25",
  },
  maxGigabytes: {
    says: "The most that a serverless cache may hold",
    for: ["serverless"],
    check: number(1, 5000),
    default: "10",
  },
  maxEcpuPerSecond: {
    says: "The most that it may work",
    for: ["serverless"],
    check: number(1000, 15_000_000),
    default: "10000",
  },
  instanceType: {
    says: "The size of the machine",
    for: ["self-managed"],
    check: such(memoryOf, "an instance type of Graviton such as t4g.small"),
    default: "t4g.small",
  },
  maxMemoryMegabytes: {
    says: "What Redis may take of it",
    for: ["self-managed"],
    check: number(100, 1_000_000),
    default: "1024",
  },
  volumeGigabytes: { says: "Its disk", for: ["self-managed"], check: number(4, 16_384), default: "20" },
  shell: {
    says: "`yes` lets a person open a Session Manager session on it",
    for: ["self-managed"],
    check: oneOf("yes", "no"),
    default: "no",
  },
  snapshotDays: {
    says: "How many days daily snapshots are kept. With `0` the sentry takes one a day and nobody deletes it; `self-managed` has none then",
    for: OWN,
    check: number(0, 35),
    default: "7",
  },
  snapshotWindow: {
    says: "When they are taken (UTC)",
    for: NODES,
    check: such(isDaily, "an hour of UTC or more, such as 03:00-04:00"),
    default: "03:00-04:00",
  },
  maintenanceWindow: {
    says: "When AWS may update the nodes (UTC)",
    for: NODES,
    check: such(isWeekly, "an hour of the week or more, such as sun:04:30-sun:05:30"),
    default: "sun:04:30-sun:05:30",
  },
  restoreFrom: {
    says: "Begin with a snapshot: its name, for `serverless` its ARN, for `self-managed` that of the volume. Keep saying it: without it later deployments are refused",
    for: OWN,
    check: text(/^(?!-)[\w:.-]+$/, "the name or the ARN of a snapshot"),
    default: "",
  },
  concurrency: {
    says: "Sandboxes of all functions together, reserved by their share; `0` reserves none",
    check: number(0, 100_000),
    default: (_, stage) => (stage === "prod" ? "500" : "0"),
  },
  throttleRate: { says: "Requests a second to the API", check: number(1, 10_000), default: "1000" },
  throttleBurst: { says: "How many more at once", check: number(1, 5000), default: "500" },
  jwtIssuer: {
    says: "Has API Gateway verify the tokens of this issuer (RSA keys only)",
    check: text(/^https:\/\/\S+$/, "an https:// URL"),
    default: "",
  },
  jwtAudience: {
    says: "Who they must be for, separated by commas",
    check: text(/^\S+$/, "without spaces"),
    default: "",
  },
  domainName: {
    says: "A name of yours for the API, which then has no other",
    check: text(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "a host name"),
    default: "",
  },
  certificateArn: {
    says: "Its certificate in ACM, of this region",
    check: text(/^arn:aws[\w-]*:acm:/, "the ARN of a certificate in ACM"),
    default: "",
  },
  alarmEmail: {
    says: "Who hears of alarms",
    check: text(/^[^\s@]+@[^\s@]+$/, "an e-mail address"),
    default: "",
  },
};

module.exports = { MANAGED, NODES, OWN, PARAMETERS };
