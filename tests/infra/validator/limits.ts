import { isCall } from "./intrinsics.ts";
import { isRecord, type Problems, resourcesOf, type Template } from "./template.ts";

const EC2_TEXT = /^[\w. \-:/()#,@[\]+=&;{}!$*]{0,255}$/;
const SCHEDULE =
  /^(rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)|cron\((\S+ ){5}\S+\))$/;
const CLOCK = "([01]\\d|2[0-3]):[0-5]\\d";
const DAY = "(mon|tue|wed|thu|fri|sat|sun)";
const CACHE_NAME = /^(?!.*--)[a-z][a-z0-9-]{0,38}[a-z0-9]$/;

/** Texts that AWS restricts, which the specification does not say. */
const PATTERNS: readonly (readonly [type: string, property: string, pattern: RegExp])[] = [
  ["AWS::EC2::SecurityGroup", "GroupDescription", EC2_TEXT],
  ["AWS::EC2::SecurityGroup", "GroupName", EC2_TEXT],
  ["AWS::EC2::SecurityGroupIngress", "Description", EC2_TEXT],
  ["AWS::EC2::SecurityGroupEgress", "Description", EC2_TEXT],
  ["AWS::ElastiCache::ServerlessCache", "ServerlessCacheName", CACHE_NAME],
  ["AWS::ElastiCache::ReplicationGroup", "ReplicationGroupId", CACHE_NAME],
  ["AWS::ElastiCache::User", "UserId", CACHE_NAME],
  ["AWS::ElastiCache::UserGroup", "UserGroupId", CACHE_NAME],
  ["AWS::IAM::Role", "RoleName", /^[\w+=,.@-]{1,64}$/],
  ["AWS::IAM::Role", "Description", /^[\t\n\r -~¡-ÿ]{0,1000}$/],
  ["AWS::Lambda::Function", "FunctionName", /^[\w-]{1,64}$/],
  ["AWS::Lambda::Function", "Description", /^.{0,256}$/s],
  ["AWS::SNS::Topic", "TopicName", /^[\w-]{1,256}(\.fifo)?$/],
  ["AWS::Logs::LogGroup", "LogGroupName", /^[\w\-./#]{1,512}$/],
  ["AWS::CloudWatch::Dashboard", "DashboardName", /^[\w-]{1,255}$/],
  ["AWS::CloudWatch::Alarm", "ComparisonOperator", /^(GreaterThan|LessThan)(OrEqualTo)?Threshold$/],
  ["AWS::CloudWatch::Alarm", "TreatMissingData", /^(breaching|notBreaching|ignore|missing)$/],
  ["AWS::Events::Rule", "ScheduleExpression", SCHEDULE],
  ["AWS::Lambda::Function", "Runtime", /^nodejs(20|22|24)\.x$/],
  [
    "AWS::ApiGatewayV2::Route",
    "RouteKey",
    /^(\$default|(ANY|GET|HEAD|PUT|POST|PATCH|DELETE|OPTIONS) \/\S*)$/,
  ],
  ["AWS::ElastiCache::ReplicationGroup", "Engine", /^(valkey|redis)$/],
  ["AWS::ElastiCache::ReplicationGroup", "SnapshotWindow", new RegExp(`^${CLOCK}-${CLOCK}$`)],
  [
    "AWS::ElastiCache::ReplicationGroup",
    "PreferredMaintenanceWindow",
    new RegExp(`^${DAY}:${CLOCK}-${DAY}:${CLOCK}$`),
  ],
  ["AWS::ElastiCache::ServerlessCache", "Engine", /^(valkey|redis|memcached)$/],
  ["AWS::ElastiCache::ServerlessCache", "DailySnapshotTime", new RegExp(`^${CLOCK}$`)],
];

/** Numbers that AWS restricts. */
const RANGES: readonly (readonly [type: string, property: string, least: number, most: number])[] = [
  ["AWS::CloudWatch::Alarm", "EvaluationPeriods", 1, 1440],
  ["AWS::ElastiCache::ReplicationGroup", "NumNodeGroups", 1, 500],
  ["AWS::ElastiCache::ReplicationGroup", "ReplicasPerNodeGroup", 0, 5],
  ["AWS::ElastiCache::ReplicationGroup", "SnapshotRetentionLimit", 0, 35],
  ["AWS::ElastiCache::ServerlessCache", "SnapshotRetentionLimit", 0, 35],
  ["AWS::Lambda::Function", "MemorySize", 128, 10_240],
  ["AWS::Lambda::Function", "Timeout", 1, 900],
];

const ENVIRONMENT_BYTES = 4096;
const RESERVED_VARIABLES =
  /^(AWS_(REGION|DEFAULT_REGION|ACCESS_KEY\w*|SECRET_\w+|SESSION_TOKEN|LAMBDA_\w+)|LAMBDA_TASK_ROOT|TZ)$/;
const ROLE_POLICIES_CHARACTERS = 10_240;
const USER_DATA_BYTES = 16_384;

export function* checkLimits(template: Template): Problems {
  for (const [type, property, pattern] of PATTERNS) {
    for (const { id, properties } of resourcesOf(template, type)) {
      const value = properties[property];
      if (typeof value === "string" && !pattern.test(value))
        yield `Resources.${id}.Properties.${property}: ${JSON.stringify(value)} does not match ${pattern}`;
    }
  }
  for (const [type, property, least, most] of RANGES)
    for (const { id, properties } of resourcesOf(template, type)) {
      const value = properties[property];
      if (typeof value === "number" && (value < least || value > most))
        yield `Resources.${id}.Properties.${property}: must be from ${least} to ${most}, not ${value}`;
    }
  for (const { id, properties } of resourcesOf(template, "AWS::Lambda::Function"))
    yield* checkEnvironment(`Resources.${id}.Properties.Environment`, properties.Environment);
  for (const { id, properties } of resourcesOf(template, "AWS::IAM::Role"))
    yield* checkSize(
      `${id}.Properties.Policies`,
      JSON.stringify(properties.Policies),
      ROLE_POLICIES_CHARACTERS,
    );
  for (const { id, properties } of resourcesOf(template, "AWS::EC2::Instance"))
    yield* checkSize(`Resources.${id}.Properties.UserData`, textOf(properties.UserData), USER_DATA_BYTES);
}

function* checkEnvironment(path: string, environment: unknown): Problems {
  const variables = isRecord(environment) && isRecord(environment.Variables) ? environment.Variables : {};
  for (const name of Object.keys(variables)) {
    if (!/^[a-zA-Z]\w+$/.test(name)) yield `${path}.${name}: is no name for a variable`;
    if (RESERVED_VARIABLES.test(name)) yield `${path}.${name}: is Lambda's own`;
  }
  const text = Object.entries(variables).map(([name, value]) => name + textOf(value));
  yield* checkSize(path, text.join(""), ENVIRONMENT_BYTES);
}

function* checkSize(path: string, text = "", most: number): Problems {
  const bytes = Buffer.byteLength(text);
  if (bytes > most) yield `${path}: may have ${most} bytes, not ${bytes}`;
}

/** The literal text in a value; what a function puts in its place is known at the deployment. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const parts = isCall(value) ? Object.values(value) : Array.isArray(value) ? value : [];
  return parts.map(textOf).join("");
}
