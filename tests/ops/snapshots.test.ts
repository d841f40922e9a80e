import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { createPages } from "../../lib/http/pages.ts";
import { type AwsCall, type AwsReply, stubAws } from "../aws/aws-endpoint.ts";
import { EMPTY_PAGES, refusal } from "../aws/elasticache-answers.ts";
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
const actions = (calls: readonly { action: string }[]) => calls.map(({ action }) => action);

describe("snapshots", () => {
  test("are listed page by page, automatic ones as well", async () => {
    const calls = await stub({
      DescribeSnapshots: ({ input }) =>
        input.Marker ? wire.snapshots(["orders-2"]) : wire.snapshots(["automatic.orders-2026"], "page 2"),
    });
    const { json: first, headers } = await ops.get("snapshots");
    expect(first.snapshots).toMatchObject([
      {
        name: "automatic.orders-2026",
        source: "automated",
        createdAt: "2026-01-23T03:04:05.000Z",
        size: "12 MB",
      },
    ]);
    expect(headers.link).toContain('rel="next"');
    const { json: second } = await ops.get("snapshots", { cursor: first.next });
    expect(second.snapshots).toMatchObject([{ name: "orders-2", source: "manual" }]);
    expect(second.next).toBeUndefined();
    expect(calls.at(-1)?.input).toMatchObject({ Marker: "page 2", ReplicationGroupId: "orders" });
  });

  test("are found among all others where cluster mode is off, also those that know a node and no group", async () => {
    const node = (of: string) => `<CacheClusterId>${of}-002</CacheClusterId>`;
    const all = {
      "orders-1": node("orders"),
      "orders-eu-1": node("orders-eu"),
      "orders-2": "<ReplicationGroupId>orders</ReplicationGroupId>",
    };
    const calls = await stub({
      DescribeReplicationGroups: wire.group({ clusterMode: false }),
      DescribeSnapshots: ({ input }) =>
        input.ReplicationGroupId
          ? wire.snapshotsOf({ "orders-2": all["orders-2"] })
          : wire.snapshotsOf(
              input.Marker ? { "orders-eu-2": node("orders-eu") } : all,
              input.Marker ? "" : "2",
            ),
    });
    const { json: first } = await ops.get("snapshots", { limit: "20" });
    expect(first.snapshots.map(({ name }: { name: string }) => name)).toEqual(["orders-1", "orders-2"]);
    const { json: second } = await ops.get("snapshots", { limit: "20", cursor: first.next });
    expect(second).toEqual({ snapshots: [] });
    expect(calls.at(-1)?.input).toMatchObject({ MaxRecords: "20", Marker: "2" });
  });

  test("of a serverless cache are listed page by page as well", async () => {
    const calls = await stub({
      ...wire.SERVERLESS,
      DescribeServerlessCacheSnapshots: ({ input }) =>
        input.NextToken
          ? wire.serverlessSnapshots("orders-2")
          : wire.serverlessSnapshots("orders-1", "page/2=="),
    });
    const { json: first } = await ops.get("snapshots", { limit: "20" });
    const { json: second } = await ops.get("snapshots", { limit: "20", cursor: first.next });
    const names = [first, second].map(({ snapshots }) => snapshots.map(({ name }: { name: string }) => name));
    expect(names).toEqual([["orders-1"], ["orders-2"]]);
    expect(second.next).toBeUndefined();
    const asked = calls.filter(({ action }) => action === "DescribeServerlessCacheSnapshots");
    expect(asked.map(({ input }) => [input.MaxResults, input.NextToken])).toEqual([
      ["20", undefined],
      ["20", "page/2=="],
    ]);
  });

  test("have cursors as long as ElastiCache likes them", async () => {
    const marker = "m".repeat(2000);
    const calls = await stub({
      DescribeSnapshots: ({ input }) => wire.snapshots(["orders-1"], input.Marker ? "" : marker),
    });
    const { next } = (await ops.get("snapshots")).json;
    expect((await ops.get("snapshots", { cursor: next })).status).toBe(200);
    expect(calls.at(-1)?.input.Marker).toBe(marker);
  });

  test.each<[string, wire.Script]>([
    ["DescribeSnapshots", {}],
    ["DescribeServerlessCacheSnapshots", wire.SERVERLESS],
  ])("have a cursor refused that ElastiCache did not give: %s", async (action, script) => {
    await stub({ ...script, [action]: refusal(400, "InvalidParameterValue", "Invalid marker") });
    const cursor = createPages("operator", "/v1/ops/snapshots").next("forged", 50).body.next ?? "";
    const { status, json } = await ops.get("snapshots", { cursor });
    expect({ status, path: json.errors[0].path }).toEqual({ status: 400, path: "query.cursor" });
    expect((await ops.get("snapshots")).json.code).toBe("elasticache_unavailable"); // the mistake is not the caller's
  });

  test("are made under a label, or the time", async () => {
    const calls = await stub();
    const labelled = await ops.post("snapshots", { label: "before-upgrade" });
    expect(labelled.status).toBe(202);
    expect(labelled.json.snapshot).toMatchObject({ name: "orders-before-upgrade", status: "creating" });
    expect(labelled.headers.location).toBe("/v1/ops/snapshots/orders-before-upgrade");
    const timed = await ops.post("snapshots", {});
    expect(timed.json.snapshot.name).toMatch(/^orders-\d{8}-\d{6}-[0-9a-f]{6}$/);
    const made = calls.filter(({ action }) => action === "CreateSnapshot");
    expect(made.map(({ input }) => input.ReplicationGroupId)).toEqual(["orders", "orders"]);
  });

  test.each([
    [2, "orders-002"],
    [1, "orders-001"],
  ])(
    "are made of a node where cluster mode is off, of %i rather of a replica",
    async (members, CacheClusterId) => {
      const calls = await stub({ DescribeReplicationGroups: wire.group({ clusterMode: false, members }) });
      expect((await ops.post("snapshots", { label: "before" })).status).toBe(202);
      const [made] = calls.filter(({ action }) => action === "CreateSnapshot");
      expect(made?.input).toMatchObject({ CacheClusterId, SnapshotName: "orders-before" });
      expect(made?.input.ReplicationGroupId).toBeUndefined();
    },
  );

  test.each([
    [200, "<CacheClusterId>orders-002</CacheClusterId>"],
    [200, "<CacheClusterId>orders-0001-002</CacheClusterId>"],
    [404, "<CacheClusterId>orders2-002</CacheClusterId>"],
    [404, "<CacheClusterId>orders-eu-002</CacheClusterId>"],
    [404, "<CacheClusterId>orders-eu-0001-002</CacheClusterId>"],
    [404, "<ReplicationGroupId>orders-eu</ReplicationGroupId><CacheClusterId>orders-002</CacheClusterId>"],
    [404, "<ReplicationGroupId>invoices</ReplicationGroupId>"],
  ])("are shown only if they are this cache's: %i for one of %s", async (status, of) => {
    await stub({ DescribeSnapshots: wire.snapshotOf({ of }) });
    expect((await ops.get("snapshots/orders-before")).status).toBe(status);
  });

  test("are made once for one idempotency key", async () => {
    const calls = await stub();
    const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
    const answers = [
      await ops.post("snapshots", {}, { headers }),
      await ops.post("snapshots", {}, { headers }),
    ];
    expect(answers[1]?.json).toEqual(answers[0]?.json);
    expect(actions(calls).filter((action) => action === "CreateSnapshot")).toHaveLength(1);
    const other = await ops.post("snapshots", { label: "other" }, { headers });
    expect([other.status, other.json.code]).toEqual([422, "idempotency_key_reused"]);
  });

  test("can be tried again with the same key when ElastiCache was busy", async () => {
    let busy = true;
    await stub({
      CreateSnapshot: (call) => (busy ? refusal(400, "InvalidReplicationGroupState") : wire.created(call)),
    });
    const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
    expect((await ops.post("snapshots", {}, { headers })).json.code).toBe("snapshot_refused");
    busy = false;
    expect((await ops.post("snapshots", {}, { headers })).status).toBe(202);
  });

  describe("whose answer was lost", () => {
    const made = (calls: readonly AwsCall[]) => calls.filter(({ action }) => action === "CreateSnapshot");
    const LOST: [string, AwsReply][] = [
      ["cut", "reset"],
      ["not given", "nothing"],
      ["an error", refusal(500, "InternalFailure")],
      ...EMPTY_PAGES,
    ];

    test.each(LOST)("(%s) are asked for once, and looked up", async (_, reply) => {
      const calls = await stub({
        CreateSnapshot: reply,
        DescribeSnapshots: wire.snapshotOf({ status: "creating" }),
      });
      const { status, json } = await ops.post("snapshots", { label: "x" });
      expect([status, json.snapshot?.name, json.snapshot?.status]).toEqual([202, "orders-x", "creating"]);
      expect(made(calls)).toHaveLength(1);
    });

    test("are not those whose answer took more than a second", async () => {
      const answer = wire.elasticache();
      const calls = await stubAws(async (call, nth) => {
        if (call.action === "CreateSnapshot") await sleep(1200);
        return answer(call, nth);
      });
      expect((await ops.post("snapshots", { label: "x" })).status).toBe(202);
      expect(actions(calls)).not.toContain("DescribeSnapshots");
    });

    test.each(EMPTY_PAGES)("are not taken for made where %s came and there is none", async (_, page) => {
      await stub({ CreateSnapshot: page, DescribeSnapshots: refusal(404, "SnapshotNotFoundFault") });
      const { status, json } = await ops.post("snapshots", { label: "x" });
      expect([status, json.code]).toEqual([503, "elasticache_unavailable"]);
    });

    test.each<[string, AwsReply]>([
      ["there is none", refusal(404, "SnapshotNotFoundFault")],
      ["it is an older one", wire.snapshots(["orders-x"])],
    ])("are not taken for made where %s", async (_, reply) => {
      await stub({ CreateSnapshot: "reset", DescribeSnapshots: reply });
      const { status, json } = await ops.post("snapshots", { label: "x" });
      expect([status, json.code]).toEqual([503, "elasticache_unavailable"]);
    });

    test.each(["SnapshotAlreadyExistsFault", "InvalidReplicationGroupState"])(
      "are found by the same key again, whatever ElastiCache says of the name: %s",
      async (code) => {
        let first = true;
        const name: { asked?: string } = {};
        await stub({
          CreateSnapshot: ({ input }) => {
            name.asked ??= input.SnapshotName ?? "";
            return first ? "reset" : refusal(400, code);
          },
          DescribeSnapshots: (call) =>
            first ? refusal(500, "InternalFailure") : wire.snapshotOf({ at: new Date() })(call),
        });
        const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
        expect((await ops.post("snapshots", { label: "x" }, { headers })).status).toBe(503);
        first = false;
        const again = await ops.post("snapshots", { label: "x" }, { headers });
        expect([again.status, again.json.snapshot?.name]).toEqual([202, name.asked]);
        const other = await ops.post("snapshots", { label: "x" });
        expect([other.status, other.json.code]).toEqual([409, expect.stringMatching(/^snapshot_/)]);
      },
    );
  });

  test.each<[string, number, string, RegExp?]>([
    ["SnapshotAlreadyExistsFault", 409, "snapshot_exists"],
    ["InvalidReplicationGroupState", 409, "snapshot_refused"],
    ["SnapshotQuotaExceededFault", 409, "snapshot_refused"],
    ["SnapshotFeatureNotSupportedFault", 409, "snapshot_refused"],
    ["APICallRateForCustomerExceeded", 409, "snapshot_refused", /too often/],
    ["Throttling", 409, "snapshot_refused", /too often/],
    ["InvalidParameterValue", 409, "snapshot_refused", /for invalid/],
    ["AccessDenied", 503, "elasticache_refused"],
    ["InternalFailure", 503, "elasticache_unavailable"],
  ])("are not made where ElastiCache says %s", async (code, status, problem, why = /./) => {
    const httpStatus = status === 409 ? 400 : code === "AccessDenied" ? 403 : 500;
    await stub({ CreateSnapshot: refusal(httpStatus, code) });
    const answer = await ops.post("snapshots", { label: "x" });
    expect([answer.status, answer.json.code]).toEqual([status, problem]);
    expect(answer.json.detail).toMatch(why);
  });

  test("that are not there are a 404", async () => {
    await stub({ DescribeSnapshots: refusal(404, "SnapshotNotFoundFault") });
    const { status, json } = await ops.get("snapshots/orders-9");
    expect([status, json.code]).toEqual([404, "snapshot_unknown"]);
  });
});
