import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { freePort } from "../../dev/free-port.ts";
import { stubAws } from "../aws/aws-endpoint.ts";
import { EMPTY_PAGES, NO_GROUP, refusal } from "../aws/elasticache-answers.ts";
import { expectUnavailable, until } from "../composition.ts";
import * as wire from "./elasticache-wire.ts";
import { operateManaged } from "./operator.ts";

let ops: ReturnType<typeof operateManaged>;

beforeEach(() => {
  ops = operateManaged(inject("redisUrl"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await ops.connection.close();
});

const stub = (script: wire.Script = {}) => stubAws(wire.elasticache(script));

describe("the topology", () => {
  test("has what ElastiCache tells of a replication group", async () => {
    const calls = await stub();
    const { json } = await until(
      () => ops.get("topology"),
      ({ json }) => json.reasons.length === 0,
    );
    expect(json.cache).toMatchObject({
      kind: "replication-group",
      id: "orders",
      status: "available",
      engine: "valkey",
      version: "9.0.1",
      nodeType: "cache.r7g.large",
      automaticFailover: true,
      snapshotRetentionDays: 7,
      endpoints: [{ name: "configuration", address: "clustercfg.orders.example:6379" }],
      nodeGroups: [
        {
          id: "0001",
          status: "available",
          slots: "0-16383",
          nodes: [
            { id: "orders-0001-001", zone: "eu-central-1a" },
            { id: "orders-0001-002", zone: "eu-central-1b" },
          ],
        },
      ],
      pendingChanges: [],
    });
    expect(json.events).toEqual({
      events: [{ at: "2026-11-23T05:06:07.000Z", message: expect.stringContaining("Failover") }],
      updates: [
        {
          name: "valkey-9-patch",
          severity: "important",
          status: "not-applied",
          applyBy: "2026-12-01T00:00:00.000Z",
        },
      ],
    });
    expect(json.nodes.length).toBeGreaterThan(0);
    const asked = calls.find(({ action }) => action === "DescribeEvents");
    expect(asked?.input).toMatchObject({ SourceIdentifier: "orders", SourceType: "replication-group" });
  });

  test("names changes that are about to happen", async () => {
    const pending =
      "<Resharding><SlotMigration><ProgressPercentage>20</ProgressPercentage></SlotMigration></Resharding>";
    await stub({ DescribeReplicationGroups: wire.group({ status: "modifying", pending }) });
    const { cache } = (await ops.get("topology")).json;
    expect(cache).toMatchObject({ status: "modifying", pendingChanges: ["Resharding"] });
  });

  test("has what there is of a serverless cache, which has no nodes", async () => {
    await stub(wire.SERVERLESS);
    const { cache, events } = (await ops.get("topology")).json;
    expect(cache).toMatchObject({ kind: "serverless", status: "available", version: "9.0", nodeGroups: [] });
    expect(cache.endpoints).toHaveLength(2);
    expect(events.updates).toEqual([]);
  });

  test.each<[string, wire.Script, RegExp]>([
    ["does not answer", { DescribeReplicationGroups: "nothing" }, /gave no answer in time/],
    ["throttles", { DescribeReplicationGroups: refusal(400, "Throttling") }, /throttling/i],
    [
      "refuses",
      { DescribeReplicationGroups: refusal(403, "AccessDenied", "arn:aws:sts::1:x") },
      /AccessDenied.*needs/,
    ],
  ])("has Redis' part when ElastiCache %s", async (_, script, reason) => {
    await stub(script);
    const { json, text } = await ops.get("topology");
    expect(json).toMatchObject({ cache: "not_available", events: "not_available" });
    expect(json.reasons).toEqual([expect.stringMatching(reason)]);
    expect(json.nodes.length).toBeGreaterThan(0);
    expect(text).not.toContain("arn:");
  });

  test.each(
    EMPTY_PAGES.flatMap(([what, page]): [string, wire.Script][] => [
      [`${what} for a group`, { DescribeReplicationGroups: page }],
      [
        `${what} for a serverless cache`,
        { DescribeReplicationGroups: NO_GROUP, DescribeServerlessCaches: page },
      ],
    ]),
  )("does not say that there is no cache where AWS answers with %s", async (_, script) => {
    await stub(script);
    const { json } = await ops.get("topology");
    expect(json.cache).toBe("not_available");
    expect(json.reasons).toEqual([expect.stringMatching(/nothing in it/)]);
  });

  test("has the rest when only the events may not be read", async () => {
    await stub({ DescribeEvents: refusal(403, "AccessDenied") });
    const { json } = await ops.get("topology");
    expect(json).toMatchObject({ cache: { status: "available" }, events: "not_available" });
    expect(json.reasons).toEqual([expect.stringMatching(/DescribeEvents/)]);
  });

  test("has ElastiCache's part when Redis is away, and is a 503 only when neither tells anything", async () => {
    const port = await freePort(0);
    const behind = operateManaged(`redis://127.0.0.1:${port}`);
    await stub();
    const { status, json } = await behind.get("topology");
    expect(status).toBe(200);
    expect(json).toMatchObject({ cache: { id: "orders", status: "available" }, unreachable: [] });
    expect(json).toMatchObject({ cluster: "not_available", nodes: "not_available" });
    expect(json.reasons).toEqual([expect.stringMatching(/^Redis is unavailable: .*ECONNREFUSED/)]);
    await stub({ DescribeReplicationGroups: refusal(403, "AccessDenied") });
    expectUnavailable(await behind.get("topology"));
    await behind.connection.close();
  });
});
