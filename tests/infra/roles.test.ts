import { createRequire } from "node:module";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { projectDir } from "../../dev/paths.ts";

interface Variables {
  readonly resolveVariable: (name: string) => Promise<unknown>;
}
type Roles = Readonly<Record<string, object>>;

const load = createRequire(import.meta.url);
const roles: { resources(variables: Variables): Promise<{ Resources: Roles }> } = load(
  join(projectDir, "infra/roles.cjs"),
);
const { settle } = load(join(projectDir, "infra/parameters.cjs"));
const { functions }: { functions: string[] } = load(join(projectDir, "infra/functions.cjs"));

afterEach(() => void vi.unstubAllEnvs());

/** The roles of functions that use a Redis elsewhere, where the environment says so of it. */
async function rolesWith(environment: Readonly<Record<string, string>>): Promise<Roles> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const known: Record<string, unknown> = {
    "self:custom.stack": settle({ cache: "external" }, "prod", environment),
    "self:custom.name": "redigate-prod",
    "self:custom.redis": environment,
    "file(infra/network.cjs):functions, null": null,
    "self:service": "redigate",
    "sls:stage": "prod",
  };
  return (await roles.resources({ resolveVariable: async (name) => known[name] })).Resources;
}

const ofRedis = (role: object | undefined) =>
  JSON.stringify(role)
    .match(/"(elasticache|secretsmanager|kms):\w+"/g)
    ?.map((action) => JSON.parse(action)) ?? [];

test("a function may ask AWS for what the settings of a Redis elsewhere need, and for nothing without", async () => {
  const plain = await rolesWith({ REDIS_URL: "rediss://redis.example" });
  expect(Object.values(plain).flatMap(ofRedis)).toEqual([]);
  vi.unstubAllEnvs();
  const named = await rolesWith({
    REDIS_URL: "",
    REDIS_IAM: "true",
    ELASTICACHE_ID: "orders",
    REDIS_USERNAME: "app",
  });
  const needed = ["Connect", "DescribeReplicationGroups", "DescribeServerlessCaches"];
  for (const role of ["CacheRole", "HealthRole", "LeaderboardsRole", "SessionsRole", "TokensRole"])
    expect(ofRedis(named[role]), role).toEqual(needed.map((action) => `elasticache:${action}`));
  for (const role of ["OpsRole", "SentryRole"]) expect(ofRedis(named[role]).length).toBeGreaterThan(5);
  for (const role of ["OpenapiRole", "WarmerRole"]) expect(named[role]).toEqual(plain[role]);
});

test("every function has a role of its own, and only the warmer may invoke others", async () => {
  const all = await rolesWith({ REDIS_URL: "rediss://redis.example" });
  const idOf = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}Role`;
  expect(Object.keys(all)).toEqual(functions.map(idOf));
  const mayInvoke = Object.keys(all).filter((id) => JSON.stringify(all[id]).includes("lambda:Invoke"));
  expect(mayInvoke).toEqual(["WarmerRole"]);
});
