import { resourcesNamedIn } from "../validator/references.ts";
import { isRecord, type Problems, resourcesOf, type Template } from "../validator/template.ts";

/** What must be set, so that nothing lies about or travels unencrypted. Serverless caches always encrypt both. */
const REQUIRED: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  "AWS::ElastiCache::ReplicationGroup": {
    TransitEncryptionEnabled: [true],
    TransitEncryptionMode: ["required"],
    AtRestEncryptionEnabled: [true],
  },
  "AWS::EC2::Volume": { Encrypted: [true] },
  "AWS::SQS::Queue": { SqsManagedSseEnabled: [true] },
};
/**
 * Those that need any value. Not SNS topics: CloudWatch cannot publish to one with AWS' own key, another costs $1 a month,
 * and an alarm is no secret.
 */
const KEYED = { "AWS::S3::Bucket": "BucketEncryption" };

const MACHINES = ["AWS::EC2::Instance", "AWS::EC2::LaunchTemplate"];

export function* checkEncryption(template: Template): Problems {
  for (const [type, required] of Object.entries(REQUIRED))
    for (const { id, properties } of resourcesOf(template, type))
      for (const [name, values] of Object.entries(required))
        if (!values.includes(properties[name])) yield `${id}: ${name} is not ${values.join(" or ")}`;
  for (const [type, name] of Object.entries(KEYED))
    for (const { id, properties } of resourcesOf(template, type))
      if (!properties[name]) yield `${id}: lacks ${name}`;
  for (const { id } of resourcesOf(template, "AWS::ElastiCache::CacheCluster"))
    yield `${id}: a cache cluster has no encryption at rest; a replication group of one node has`;

  for (const { id, type, properties } of resourcesOf(template, ...MACHINES)) {
    const disks = disksIn(properties);
    // Of what nobody says, the image decides.
    const isSilent = type === "AWS::EC2::Instance" && disks.length === 0;
    if (isSilent || disks.some(({ Encrypted }) => Encrypted !== true))
      yield `${id}: has a disk that is not encrypted`;
  }
  for (const { id, properties } of resourcesOf(template, "AWS::ApiGatewayV2::DomainName"))
    if (!JSON.stringify(properties.DomainNameConfigurations)?.includes('"SecurityPolicy":"TLS_1_2"'))
      yield `${id}: takes versions of TLS before 1.2`;
  yield* checkRedis(template);
}

function disksIn(value: unknown): Readonly<Record<string, unknown>>[] {
  if (typeof value !== "object" || value === null) return [];
  if (isRecord(value) && isRecord(value.Ebs)) return [value.Ebs];
  return Object.values(value).flatMap(disksIn);
}

/** On the wire to Redis; what has neither setting does not talk to it. */
function* checkRedis(template: Template): Problems {
  for (const { id, properties } of resourcesOf(template, "AWS::Lambda::Function")) {
    const variables = isRecord(properties.Environment) ? properties.Environment.Variables : {};
    if (!isRecord(variables)) continue;
    const { REDIS_HOST, REDIS_NODES, REDIS_URL, REDIS_TLS, REDIS_TLS_VERIFY } = variables;
    const isPlain = typeof REDIS_URL === "string" && REDIS_URL.startsWith("redis:");
    if (isPlain || ((REDIS_HOST || REDIS_NODES) && !REDIS_URL && REDIS_TLS !== "true"))
      yield `${id}: talks to Redis without TLS`;
    // A machine of the stack signs its own.
    const [host] = resourcesNamedIn(REDIS_HOST, template);
    const isElastiCache = host && template.Resources[host]?.Type.startsWith("AWS::ElastiCache::");
    if (isElastiCache && REDIS_TLS_VERIFY === "false") yield `${id}: takes any certificate`;
  }
}
