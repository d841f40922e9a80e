import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import type { CacheDescription } from "../../lib/aws/managed-cache.ts";
import { restoreSteps } from "../../lib/ops/restore.ts";

type Texts = Readonly<Record<string, string>>;
const { settle }: { settle(given: Texts, stage: string, environment: Texts): Record<string, unknown> } =
  createRequire(import.meta.url)(join(projectDir, "infra/parameters.cjs"));

const CACHE: CacheDescription = {
  kind: "replication-group",
  id: "redigate-prod-cluster",
  status: "available",
  nodeType: "cache.r7g.large",
  clusterMode: false,
  automaticFailover: true,
  multiZone: true,
  snapshotRetentionDays: 7,
  endpoints: [],
  nodeGroups: [{ id: "0001", status: "available", nodes: [{ id: "1" }, { id: "2" }, { id: "3" }] }],
  pendingChanges: [],
};
const ARN = "arn:aws:elasticache:us-east-1:123456789012:serverlesscachesnapshot:s-1";
const SNAPSHOT = { name: "s-1", status: "available", source: "manual", nodeGroups: 3, arn: ARN };
const FIRST = { replicas: 2, nodeType: "cache.r7g.large", restoreFrom: "s-1" };

describe("a snapshot is restored by a deployment that takes the parameters:", () => {
  test.each<[string, Partial<CacheDescription>, object]>([
    [
      "of a serverless cache its ARN",
      { kind: "serverless", clusterMode: true },
      { cache: "serverless", restoreFrom: ARN },
    ],
    ["of a cluster its shards", { clusterMode: true }, { cache: "cluster", shards: 3, ...FIRST }],
    [
      "of a durable cluster that it is",
      { clusterMode: true, durability: "async" },
      { cache: "cluster", shards: 3, durability: "async", ...FIRST },
    ],
    ["of a primary with replicas their number", {}, { cache: "replication-group", ...FIRST }],
    [
      "of one node its size",
      { nodeGroups: [{ id: "0001", status: "available", nodes: [{ id: "1" }] }] },
      { cache: "node", nodeType: "cache.r7g.large", restoreFrom: "s-1" },
    ],
  ])("%s", (_, cache, parameters) => {
    const [{ command = "" } = {}, ...more] = restoreSteps({ ...CACHE, ...cache }, SNAPSHOT);
    expect(command).toMatch(/^npx sls deploy --stage restored( --param \w+=\S+)+$/);
    const given = Object.fromEntries(
      [...command.matchAll(/--param (\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
    );
    expect(settle(given, "restored", {})).toMatchObject(parameters);
    expect(Object.keys(given).sort()).toEqual(Object.keys(parameters).sort());
    expect(more.length).toBeGreaterThan(1);
  });

  test("when it is available, which a wait comes before", () => {
    const [first, second] = restoreSteps(CACHE, { ...SNAPSHOT, status: "creating" });
    expect(first).toEqual({ what: expect.stringContaining("its status is creating") });
    expect(second?.command).toContain("npx sls deploy");
  });

  test.each(["failed", "deleting"])("but never when it is %s", (status) => {
    const what = expect.stringContaining(`is ${status}, and it cannot be restored`);
    expect(restoreSteps(CACHE, { ...SNAPSHOT, status })).toEqual([{ what }]);
  });
});
