import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";

interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly (string | { readonly "Fn::Sub": string })[];
}

const { statementsFor }: { statementsFor(env: Record<string, string>): Statement[] } = createRequire(
  import.meta.url,
)(join(projectDir, "infra/access.cjs"));

const ARN = "arn:aws:secretsmanager:eu-west-3:123456789012:secret:redis-AbCdEf";
const groups = "replicationgroup:orders";
const caches = "serverlesscache:orders";

/** Each action with what it may be done to, from its service on. */
function allowed(env: Record<string, string>): Record<string, string[]> {
  const entries = statementsFor(env).map(({ Action, Resource }) => {
    const [service] = String(Action).split(":");
    const start = `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:`;
    const texts = Resource.map((resource) => (typeof resource === "string" ? resource : resource["Fn::Sub"]));
    return [Action.join(), texts.map((text) => text.replace(start, ""))] as const;
  });
  return Object.fromEntries(entries);
}

test.each([
  ["nothing", {}],
  ["empty variables", { REDIS_URL: "", REDIS_IAM: "", ELASTICACHE_ID: "", REDIS_SECRET_ARN: "" }],
  ["an address and a password", { REDIS_URL: "rediss://app:pw@redis.example", REDIS_IAM: "false" }],
  ["an address besides the name", { REDIS_HOST: "redis.example", ELASTICACHE_ID: "orders" }],
])("%s: nothing is allowed", (_, env) => {
  expect(statementsFor(env)).toEqual([]);
});

test("a name alone: that cache may be looked up, whichever kind it is", () => {
  expect(allowed({ ELASTICACHE_ID: "Orders" })).toEqual({
    "elasticache:DescribeReplicationGroups": [groups],
    "elasticache:DescribeServerlessCaches": [caches],
  });
});

test.each([
  ["REDIS_USERNAME", { REDIS_HOST: "redis.example", REDIS_USERNAME: "app-user" }],
  ["the URL", { REDIS_URL: "rediss://app%2Duser@redis.example", REDIS_USERNAME: "other" }],
])("IAM: the user of %s may connect to the cache", (_, env) => {
  expect(allowed({ ...env, REDIS_IAM: "true", ELASTICACHE_ID: "orders" })).toEqual({
    "elasticache:Connect": [groups, caches, "user:app-user"],
  });
});

test.each([
  ["an ARN", ARN, ARN],
  ["a name", "prod/redis", "secret:prod/redis-??????"],
])("a secret: it may be read, as %s", (_, secret, resource) => {
  expect(allowed({ REDIS_SECRET_ARN: secret })).toEqual({ "secretsmanager:GetSecretValue": [resource] });
});
