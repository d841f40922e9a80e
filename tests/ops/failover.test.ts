import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import type { RunningRedis } from "../../dev/redis/start-redis.ts";
import { type AwsReply, stubAws } from "../aws/aws-endpoint.ts";
import { EMPTY_PAGES, refusal } from "../aws/elasticache-answers.ts";
import { expectUnavailable } from "../composition.ts";
import { keysOf } from "../provided-redis.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import * as wire from "./elasticache-wire.ts";
import { operateManaged, startEmpty } from "./operator.ts";

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

const CONFIRMED = { nodeGroupId: "0001", confirm: "orders" };

describe("a failover test", () => {
  test("has ElastiCache fail over the node group", async () => {
    const calls = await stub();
    const { status, json } = await ops.post("failover-tests", CONFIRMED);
    expect({ status, json }).toEqual({ status: 202, json: { nodeGroupId: "0001", state: "started" } });
    expect(calls.at(-1)).toMatchObject({
      action: "TestFailover",
      input: { ReplicationGroupId: "orders", NodeGroupId: "0001" },
    });
  });

  test.each([
    { nodeGroupId: "0001" },
    { ...CONFIRMED, confirm: "Orders" },
    { ...CONFIRMED, confirm: "orders " },
    { ...CONFIRMED, confirm: "yes" },
    ...[true, 1, null, {}, ["orders"], { toString: "orders" }].map((confirm) => ({ ...CONFIRMED, confirm })),
  ])("is refused without the confirmation: %j", async (body) => {
    const calls = await stub();
    const { status, json } = await ops.post("failover-tests", body);
    expect({ status, path: json.errors[0].path }).toEqual({ status: 400, path: "body.confirm" });
    expect(calls).toEqual([]);
  });

  test.each<[string, wire.Script, RegExp, string?]>([
    [
      "the cache is being changed",
      { DescribeReplicationGroups: wire.group({ status: "modifying" }) },
      /modifying/,
    ],
    [
      "a failover is under way",
      { DescribeReplicationGroups: wire.group({ groupStatus: "modifying" }) },
      /node group is not/,
    ],
    ["there is no replica", { DescribeReplicationGroups: wire.group({ members: 1 }) }, /no replica/],
    [
      "automatic failover is off",
      { DescribeReplicationGroups: wire.group({ failover: "disabled" }) },
      /failover is off/,
    ],
    ["there is no such node group", {}, /it has 0001/, "0007"],
    ["the cache is serverless", wire.SERVERLESS, /serverless/],
    [
      "ElastiCache was asked just now",
      { TestFailover: refusal(400, "InvalidReplicationGroupState") },
      /under way/,
    ],
    ["it has had too many", { TestFailover: refusal(400, "APICallRateForCustomerExceeded") }, /too often/],
    ["ElastiCache throttles", { TestFailover: refusal(400, "Throttling") }, /too often/],
    [
      "ElastiCache does not understand",
      { TestFailover: refusal(400, "InvalidParameterValue") },
      /for invalid/,
    ],
    ["ElastiCache offers none", { TestFailover: refusal(400, "TestFailoverNotAvailableFault") }, /offers no/],
  ])("is refused when %s", async (_, script, why, nodeGroupId = "0001") => {
    const calls = await stub(script);
    const { status, json } = await ops.post("failover-tests", { ...CONFIRMED, nodeGroupId });
    expect([status, json.code]).toEqual([409, "failover_refused"]);
    expect(json.detail).toMatch(why);
    expect(actions(calls).filter((action) => action === "TestFailover").length).toBe(
      script.TestFailover ? 1 : 0,
    );
  });

  test.each<[string, AwsReply]>([
    ["cut", "reset"],
    ["not given", "nothing"],
    ["an error", refusal(500, "InternalFailure")],
    ...EMPTY_PAGES,
  ])("is sent once though the answer was %s, also for a key that comes again", async (_, reply) => {
    const calls = await stub({ TestFailover: reply });
    const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
    for (const _time of ["once", "again"]) {
      const { status, json } = await ops.post("failover-tests", CONFIRMED, { headers });
      expect({ status, json }).toEqual({ status: 202, json: { nodeGroupId: "0001", state: "unknown" } });
    }
    expect(actions(calls).filter((action) => action === "TestFailover")).toHaveLength(1);
  });

  test("is waited for longer than a question that is asked again", async () => {
    const answer = wire.elasticache();
    await stubAws(async (call, nth) => {
      if (call.action === "TestFailover") await sleep(1200);
      return answer(call, nth);
    });
    expect((await ops.post("failover-tests", CONFIRMED)).json.state).toBe("started");
  });

  describe("whose Redis goes away", () => {
    let server: RunningRedis;
    let proxy: TcpProxy;

    beforeEach(async () => {
      server = await startEmpty();
      proxy = await startTcpProxy(server.url);
    });
    afterEach(async () => {
      await proxy.close();
      await server.stop();
    });

    const headers = { "idempotency-key": '"away"' };

    /** Sends it, and takes Redis away when ElastiCache is asked for `action`. */
    async function sent(action: string, deadlineMs: number) {
      const cut = operateManaged(proxy.url, { deadlineMs });
      const healthy = wire.elasticache();
      const calls = await stubAws((call, nth) => {
        if (call.action === action) {
          proxy.faults.ignoreNew = true;
          proxy.blackHole();
        }
        return healthy(call, nth);
      });
      const answer = await cut.post("failover-tests", CONFIRMED, { headers });
      await cut.connection.close();
      return { answer, asked: () => actions(calls).filter((name) => name === "TestFailover") };
    }

    test("is sent once for one key, though nobody wrote down how it ended", async () => {
      const { answer, asked } = await sent("TestFailover", 2000);
      expect(answer.json.state).toBe("started");
      const redis = new Redis(server.url);
      const [key = ""] = await keysOf(redis, "operator:ops:*:call");
      await redis.hset(key, "till", 1); // as if its time were over
      redis.disconnect();
      const other = operateManaged(server.url);
      const again = await other.post("failover-tests", CONFIRMED, { headers });
      await other.connection.close();
      expect([again.status, again.json.state]).toEqual([202, "unknown"]);
      expect(asked()).toHaveLength(1);
    });

    test("is not sent with a key when that cannot be written down", async () => {
      const { answer, asked } = await sent("DescribeReplicationGroups", 500);
      expectUnavailable(answer);
      expect(asked()).toEqual([]);
    });
  });

  test("may be tried again with the same key when ElastiCache refused it", async () => {
    let refuses = true;
    const started = wire.elasticache();
    await stubAws((call, nth) =>
      refuses && call.action === "TestFailover" ? refusal(400, "Throttling") : started(call, nth),
    );
    const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
    const first = await ops.post("failover-tests", CONFIRMED, { headers });
    expect(first.json.code).toBe("failover_refused");
    refuses = false;
    expect((await ops.post("failover-tests", CONFIRMED, { headers })).json.state).toBe("started");
  });

  test("may be tried again with the same key when ElastiCache was not yet asked for it", async () => {
    let away = true;
    const calls = await stub({
      DescribeReplicationGroups: () => (away ? refusal(500, "InternalFailure") : wire.group()),
    });
    const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
    expect((await ops.post("failover-tests", CONFIRMED, { headers })).json.code).toBe(
      "elasticache_unavailable",
    );
    expect(actions(calls)).not.toContain("TestFailover");
    away = false;
    expect((await ops.post("failover-tests", CONFIRMED, { headers })).json.state).toBe("started");
  });

  test("happens once for one idempotency key", async () => {
    const calls = await stub();
    const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
    const both = [1, 2].map(() => ops.post("failover-tests", CONFIRMED, { headers }));
    const statuses = (await Promise.all(both)).map(({ status }) => status).sort();
    expect([["202,202"], ["202,409"]].flat()).toContain(String(statuses));
    expect(actions(calls).filter((action) => action === "TestFailover")).toHaveLength(1);
  });
});
