import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";

type Texts = Readonly<Record<string, string>>;

interface Place {
  readonly isLocal?: boolean;
  readonly isDeployed?: boolean;
  readonly service?: string;
  readonly region?: string;
}

interface Parameters {
  settle(given: Texts, stage: string, environment: Texts, place?: Place): Record<string, unknown>;
}

const load = createRequire(import.meta.url);
const { settle }: Parameters = load(join(projectDir, "infra/parameters.cjs"));
const { functions }: { functions: readonly string[] } = load(join(projectDir, "infra/functions.cjs"));
/** One sandbox for each function, and another for the sentry and the warmer. */
const LEAST = `${functions.length + 2}`;
const REDIS = { REDIS_URL: "rediss://redis.example" };

describe("without parameters", () => {
  test("production is serverless, and any other stage is one small node", () => {
    expect(settle({}, "prod", {})).toMatchObject({ cache: "serverless", isManaged: true, concurrency: 500 });
    expect(settle({}, "dev", {})).toMatchObject({
      cache: "node",
      nodeType: "cache.t4g.small",
      concurrency: 0,
    });
  });

  test("on this machine nothing is asked for, whatever is set", () => {
    const local = settle({ cache: "cluster", shards: "x" }, "dev", REDIS, { isLocal: true });
    expect(local).toMatchObject({ cache: "external", isLocal: true });
  });
});

test.each([
  [{ cache: "cluster", durability: "sync", nodeType: "cache.r7g.xlarge", shards: "3" }, {}],
  [{ cache: "cluster", durability: "async", nodeType: "cache.m6g.large" }, {}],
  [{ cache: "cluster", nodeType: "cache.m5.large" }, {}],
  [{ cache: "cluster", shards: "50", replicas: "4" }, {}],
  [{ cache: "cluster" }, { REDIS_MIN_REPLICAS_ACK: "1", REDIS_DEADLINE_MS: "500" }],
  [{ cache: "external" }, REDIS],
  [{ cache: "external" }, { ELASTICACHE_ID: "orders" }],
  [{ cache: "external" }, { ...REDIS, VPC_SUBNET_IDS: "subnet-1,subnet-2", VPC_SECURITY_GROUP_IDS: "sg-1" }],
  [{ zones: "us-east-1a,us-east-1d" }, {}],
  [{ vpcId: "vpc-1a", subnetIds: "subnet-1a,subnet-2b", endpoints: "no" }, {}],
  [{ vpcId: "vpc-1a", subnetIds: "subnet-1a,subnet-2b", endpoints: "yes" }, {}],
  [{ cache: "serverless", restoreFrom: "arn:aws:elasticache:us-east-1:1:serverlesscachesnapshot:s" }, {}],
  [{ cache: "cluster", restoreFrom: "automatic.redigate-prod-cluster-2026-11-23-03-00" }, {}],
  [{ cache: "self-managed", restoreFrom: "snap-0a1b" }, {}],
  [{ cache: "node", snapshotWindow: "23:30-00:30", maintenanceWindow: "sun:00:30-sun:01:30" }, {}],
  [{ cache: "node", maintenanceWindow: "sat:23:00-sun:03:00" }, {}],
  [{ cache: "self-managed", instanceType: "t4g.medium", maxMemoryMegabytes: "3072" }, {}],
  [
    {
      cache: "self-managed",
      instanceType: "r8g.4xlarge",
      maxMemoryMegabytes: "98304",
      volumeGigabytes: "400",
    },
    {},
  ],
  [{ concurrency: "16250" }, {}],
  [{ concurrency: LEAST }, {}],
  [{ jwtIssuer: "https://issuer.example", jwtAudience: "1234567" }, { AUTH_MODE: "authorizer" }],
])("%o goes together", (given: Texts, environment: Texts) => {
  expect(() => settle(given, "prod", environment)).not.toThrow();
});

test.each([
  [{ cache: "memcached" }, {}, ["cache"]],
  [{ shard: "2" }, {}, ["shard"]],
  [{ constructor: "x" } as unknown as Texts, {}, ["constructor: is no parameter"]],
  [{ zones: "1" }, {}, ["zones"]],
  [{ cache: "serverless", durability: "async" }, {}, ["durability", "cache=serverless"]],
  [{ cache: "replication-group", shards: "2" }, {}, ["shards", "cache=replication-group"]],
  [{ cache: "node", replicas: "1" }, {}, ["replicas", "cache=node"]],
  // A group of shards without replicas can be made, and never be changed.
  [{ cache: "cluster", replicas: "0" }, {}, ["replicas: must be a whole number from 1 to 5"]],
  [{ cache: "replication-group", replicas: "0" }, {}, ["replicas"]],
  ...["t4g.small", "m5.large", "r6gd.xlarge"].map((size) => [
    { cache: "cluster", durability: "sync", nodeType: `cache.${size}` },
    {},
    ["durability=sync", `nodeType=cache.${size}`],
  ]),
  [{ cache: "cluster", nodeType: "cache.r6gd.xlarge" }, {}, ["nodeType=cache.r6gd.xlarge"]],
  [{ cache: "cluster", shards: "42", replicas: "5" }, {}, ["shards=42", "replicas=5", "252"]],
  [{ cache: "external" }, {}, ["cache=external", "REDIS_URL"]],
  [{ cache: "external", zones: "2" }, REDIS, ["zones", "cache=external"]],
  [{ cache: "node" }, REDIS, ["cache=node", "REDIS_URL"]],
  [{ cache: "node" }, { VPC_SUBNET_IDS: "subnet-1" }, ["cache=node", "VPC_SUBNET_IDS"]],
  [
    { cache: "external" },
    { ...REDIS, VPC_SUBNET_IDS: "subnet-1" },
    ["VPC_SUBNET_IDS", "VPC_SECURITY_GROUP_IDS"],
  ],
  [{ cache: "serverless" }, { REDIS_MIN_REPLICAS_ACK: "1" }, ["REDIS_MIN_REPLICAS_ACK", "cache=serverless"]],
  ...["one", "-1", "1.5"].map((replicas) => [
    { cache: "cluster" },
    { REDIS_MIN_REPLICAS_ACK: replicas },
    [`REDIS_MIN_REPLICAS_ACK=${replicas}: must be`],
  ]),
  [{ vpcId: "vpc-1" }, {}, ["vpcId", "subnetIds"]],
  [{ vpcId: "vpc-1", subnetIds: "subnet-1" }, {}, ["subnetIds: must be two"]],
  [{ vpcId: "vpc-1", subnetIds: "subnet-1,subnet-2" }, {}, ["vpcId: needs endpoints"]],
  [{ vpcId: "vpc-1", subnetIds: "subnet-1,subnet-1" }, {}, ["subnetIds=subnet-1,subnet-1"]],
  [{ vpcId: "vpc-1", subnetIds: "subnet-1,subnet-2", zones: "2" }, {}, ["zones", "vpcId"]],
  [{ zones: "us-east-1a" }, {}, ["zones"]],
  [{ zones: "us-east-1a,us-east-1a" }, {}, ["zones=us-east-1a,us-east-1a"]],
  [{ zones: "eu-west-1a,eu-west-1b" }, {}, ["zones=eu-west-1a,eu-west-1b", "us-east-1"]],
  [{ endpoints: "no" }, {}, ["endpoints", "vpcId"]],
  [{ cache: "serverless", restoreFrom: "yesterday" }, {}, ["restoreFrom", "cache=serverless"]],
  [{ cache: "node", restoreFrom: "arn:aws:elasticache:x" }, {}, ["restoreFrom", "cache=node"]],
  [{ cache: "self-managed", restoreFrom: "redigate-prod-node" }, {}, ["restoreFrom", "cache=self-managed"]],
  [{ cache: "serverless", restoreFrom: "arn:aws:s3:::backups" }, {}, ["restoreFrom", "cache=serverless"]],
  [
    { cache: "serverless", restoreFrom: "arn:aws:elasticache:eu-west-1:1:serverlesscachesnapshot:s" },
    {},
    ["restoreFrom: is of the region eu-west-1", "us-east-1"],
  ],
  [{ cache: "node", snapshotWindow: "03:00-03:30" }, {}, ["snapshotWindow"]],
  [{ cache: "node", snapshotWindow: "24:00-25:00" }, {}, ["snapshotWindow"]],
  [{ cache: "node", maintenanceWindow: "son:03:00-son:04:00" }, {}, ["maintenanceWindow"]],
  [{ cache: "node", maintenanceWindow: "mon:03:00-mon:03:59" }, {}, ["maintenanceWindow"]],
  [
    { cache: "node", snapshotWindow: "04:00-05:00" },
    {},
    ["snapshotWindow=04:00-05:00", "maintenanceWindow=sun:04:30-sun:05:30"],
  ],
  [
    { cache: "node", snapshotWindow: "23:30-00:30", maintenanceWindow: "sun:00:00-sun:01:00" },
    {},
    ["snapshotWindow", "maintenanceWindow"],
  ],
  [{ cache: "node", maintenanceWindow: "sat:23:00-mon:01:00" }, {}, ["snapshotWindow", "maintenanceWindow"]],
  [
    { cache: "node", snapshotDays: "0", snapshotWindow: "01:00-02:00" },
    {},
    ["snapshotWindow", "snapshotDays=0"],
  ],
  [{ cache: "self-managed", instanceType: "t3.small" }, {}, ["instanceType"]],
  [
    { cache: "self-managed", instanceType: "t4g.micro" },
    {},
    ["instanceType=t4g.micro", "maxMemoryMegabytes=1024"],
  ],
  [
    { cache: "self-managed", instanceType: "r7g.large", maxMemoryMegabytes: "12000" },
    {},
    ["maxMemoryMegabytes=12000", "volumeGigabytes=20"],
  ],
  [{ concurrency: `${Number(LEAST) - 1}` }, {}, [`concurrency=${Number(LEAST) - 1}`, LEAST]],
  [{ concurrency: "16251" }, {}, ["concurrency=16251", "65000"]],
  [{ cache: "self-managed", concurrency: "2501" }, {}, ["concurrency=2501", "10000"]],
  [{ jwtIssuer: "https://issuer.example" }, {}, ["jwtIssuer", "jwtAudience"]],
  [{}, { AUTH_MODE: "authorizer" }, ["AUTH_MODE=authorizer", "jwtIssuer"]],
  [{}, { AUTH_MODE: "tokens" }, ["AUTH_MODE=tokens: must be token or authorizer"]],
  [{ domainName: "api.example.com" }, {}, ["domainName", "certificateArn"]],
  [
    { domainName: "api.example.com", certificateArn: "arn:aws:acm:eu-west-1:123456789012:certificate/1" },
    {},
    ["certificateArn", "eu-west-1", "us-east-1"],
  ],
] as [Texts, Texts, string[]][])("%o with %o is refused, and it is said why", (given, environment, names) => {
  for (const name of names) expect(() => settle(given, "prod", environment)).toThrow(name);
});

test.each([
  ["Prod", "serverless"],
  ["prod--2", "node"],
  ["prod_2", "cluster"],
  ["a-stage-of-some", "replication-group"],
  // The users of a cache may have a longer name than the cache.
  ["a-stage-of-22-letters1", "cluster"],
  ["a-stage-of-26-letters-or-1", "node"],
  ["a-stage-of-somebody-who-likes-them-long-winded", "external"],
])("the stage %s gives nothing a name that AWS refuses with cache=%s", (stage, cache) => {
  expect(() => settle({ cache }, stage, cache === "external" ? REDIS : {})).toThrow(`stage=${stage}`);
  expect(() => settle({ cache }, "production", cache === "external" ? REDIS : {})).not.toThrow();
});

test("the names are those of the service, wherever it goes", () => {
  const zones = { zones: "eu-west-1a,eu-west-1b" };
  expect(() => settle(zones, "prod", {}, { region: "eu-west-1" })).not.toThrow();
  const service = "a-service-of-people";
  expect(() => settle({ cache: "cluster" }, "production", {}, { service })).not.toThrow();
  expect(() => settle({ cache: "replication-group" }, "production", {}, { service })).toThrow(
    "stage=production: makes the name a-service-of-people-production-replication-group",
  );
});

describe("a deployment that could verify no token", () => {
  const deploy = (given: Texts, environment: Texts) => () =>
    settle(given, "prod", environment, { isDeployed: true });

  test("is refused, and may be packaged", () => {
    for (const environment of [{}, { AUTH_MODE: "token" }, { AUTH_PUBLIC_KEY: "" }] as Texts[]) {
      expect(deploy({}, environment)).toThrow("AUTH_PUBLIC_KEY: is not set");
      expect(() => settle({}, "prod", environment)).not.toThrow();
    }
  });

  test("is none with a key or an issuer", () => {
    const issuer = { jwtIssuer: "https://issuer.example", jwtAudience: "redigate" };
    expect(deploy({}, { AUTH_PUBLIC_KEY: "{}" })).not.toThrow();
    expect(deploy(issuer, {})).not.toThrow();
  });
});

test("only numbers are made numbers", () => {
  const issuer = { jwtIssuer: "https://issuer.example", jwtAudience: "1234567" };
  expect(settle(issuer, "prod", {})).toMatchObject({ jwtAudience: "1234567", zones: 2, concurrency: 500 });
});

test("a value is never taken for another kind than it is", () => {
  for (const value of ["", " ", "2.5", "-1", "1e1", "99999999999"])
    expect(() => settle({ cache: "cluster", shards: value }, "prod", {})).toThrow("shards");
});
