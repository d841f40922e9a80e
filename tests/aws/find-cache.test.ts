import { afterEach, describe, expect, test, vi } from "vitest";
import { AwsUnavailable } from "../../lib/aws/ask.ts";
import { findCache } from "../../lib/aws/find-cache.ts";
import { ConfigError } from "../../lib/config.ts";
import { type AwsReply, failure, stubAws } from "./aws-endpoint.ts";
import {
  cluster,
  EMPTY_PAGES,
  NO_GROUP,
  NO_SERVERLESS,
  onlyServerless,
  refusal,
  replicationGroups,
  serverless,
  serverlessCaches,
  standalone,
} from "./elasticache-answers.ts";

afterEach(() => void vi.unstubAllEnvs());

const CLUSTER = cluster("clustercfg.orders.example", 6379, true);
const STANDALONE = standalone("master.orders.example", 6380, false);
const SERVERLESS = serverless("orders.serverless.example", 6379);

const find = (timeoutMs?: number) => findCache({ id: "orders", ...(timeoutMs && { timeoutMs }) });

const findFailure = (timeoutMs?: number) => failure(find(timeoutMs), "ELASTICACHE_ID");

describe("the cache is found", () => {
  test("as a replication group with cluster mode on", async () => {
    const calls = await stubAws(() => replicationGroups(CLUSTER));
    const found = { mode: "cluster", host: "clustercfg.orders.example", port: 6379 };
    expect(await find()).toEqual({ ...found, tls: true, serverless: false });
    expect(calls).toEqual([
      {
        action: "DescribeReplicationGroups",
        input: { Action: "DescribeReplicationGroups", Version: "2015-02-02", ReplicationGroupId: "orders" },
        contentType: "application/x-www-form-urlencoded",
        scope: "eu-central-1/elasticache",
      },
    ]);
  });

  test("as a replication group with cluster mode off, by its primary and not by a reader", async () => {
    await stubAws(() => replicationGroups(STANDALONE));
    const found = { mode: "standalone", host: "master.orders.example", port: 6380 };
    expect(await find()).toEqual({ ...found, tls: false, serverless: false });
  });

  test("as a serverless cache where there is no such replication group", async () => {
    const calls = await stubAws(onlyServerless(serverlessCaches(SERVERLESS)), "AWS_ENDPOINT_URL_ELASTICACHE");
    const found = { mode: "cluster", host: "orders.serverless.example", port: 6379 };
    expect(await find()).toEqual({ ...found, tls: true, serverless: true });
    expect(calls).toMatchObject([
      { action: "DescribeReplicationGroups" },
      { action: "DescribeServerlessCaches", input: { ServerlessCacheName: "orders" } },
    ]);
  });
});

describe("the error says that the cache", () => {
  test.each([
    ["errors", NO_GROUP, NO_SERVERLESS],
    ["empty lists", replicationGroups(), serverlessCaches()],
  ])("is neither of them: %s", async (_, group, serverless) => {
    const calls = await stubAws(({ action }) =>
      action === "DescribeReplicationGroups" ? group : serverless,
    );
    const error = await findFailure();
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(/no replication group or serverless cache/);
    expect(calls).toHaveLength(2);
  });

  const creating = (text: string) =>
    text.replace(/<Status>\w+</, "<Status>creating<").replace(/<(\w*Endpoint)>.*?<\/\1>/gs, "");
  test.each([
    ["a cluster", () => replicationGroups(creating(CLUSTER))],
    ["a replication group", () => replicationGroups("<Status>creating</Status>")],
    ["a serverless cache", onlyServerless(serverlessCaches(creating(SERVERLESS)))],
    [
      "one whose name is known",
      onlyServerless(serverlessCaches(SERVERLESS.replace("available", "CREATING"))),
    ],
  ])("is still being created: %s", async (_, answer) => {
    await stubAws(answer);
    const error = await findFailure();
    expect(error).toBeInstanceOf(AwsUnavailable);
    expect(error.message).toMatch(/still being created/);
  });

  test("has no endpoint, for whatever reason", async () => {
    await stubAws(() => replicationGroups("<Status>create-failed</Status>"));
    expect((await findFailure()).message).toMatch(/no endpoint.*create-failed/);
  });
});

describe("ElastiCache", () => {
  test.each<[string, AwsReply]>([
    ["throttles", refusal(400, "Throttling", "Rate exceeded")],
    ["fails", refusal(500, "InternalFailure")],
    ["answers with a page of HTML", { status: 503, contentType: "text/html", body: "<html>busy</html>" }],
    ["resets the connection", "reset"],
    ["does not answer", "nothing"],
  ])("%s, and is asked again", async (_, reply) => {
    const calls = await stubAws((_call, nth) => (nth === 1 ? reply : replicationGroups(CLUSTER)));
    expect(await find()).toMatchObject({ host: "clustercfg.orders.example" });
    expect(calls).toHaveLength(2);
  });

  test.each<[string, AwsReply, RegExp]>([
    ["throttles", refusal(400, "Throttling"), /throttling/i],
    ["fails", refusal(500, "InternalFailure"), /InternalFailure/],
    ["resets the connection", "reset", /ECONNRESET|socket hang up/],
    ...EMPTY_PAGES.map(([what, page]): [string, AwsReply, RegExp] => [`is ${what}`, page, /nothing in it/]),
  ])("%s for good, and the error says so", async (_, reply, reason) => {
    await stubAws(() => reply);
    const startedAt = performance.now();
    const error = await findFailure();
    expect(performance.now() - startedAt).toBeLessThan(3400);
    expect(error).toBeInstanceOf(AwsUnavailable);
    expect(error.message).toMatch(reason);
  });

  test("throttles longer than the caller can wait", async () => {
    await stubAws(() => refusal(400, "Throttling"));
    const startedAt = performance.now();
    expect((await findFailure(100)).message).toMatch(/throttling/i);
    expect(performance.now() - startedAt).toBeLessThan(400);
  });

  test.each([
    ["the first question", 300, () => "nothing" as const],
    ["the second question", 300, onlyServerless("nothing")],
    ["anything, for three seconds", undefined, () => "nothing" as const],
  ])("never answers %s", async (_, timeoutMs, answer) => {
    await stubAws(answer);
    const startedAt = performance.now();
    const error = await findFailure(timeoutMs);
    expect(performance.now() - startedAt).toBeLessThan((timeoutMs ?? 3000) + 400);
    expect(error).toBeInstanceOf(AwsUnavailable);
    expect(error.message).toMatch(/gave no answer in time; .*VPC/);
  });

  test.each([
    ["the first question", () => refusal(403, "AccessDenied", "User: arn:aws:sts::1:x is not authorized")],
    ["the second question", onlyServerless(refusal(403, "AccessDenied"))],
    ["any question of this caller", () => refusal(403, "InvalidClientTokenId")],
  ])("refuses %s, and the error says what to allow", async (_, answer) => {
    const calls = await stubAws(answer);
    const error = await findFailure();
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(
      /refused \((AccessDenied|InvalidClientTokenId)\).*DescribeReplicationGroups and .*DescribeServerless/,
    );
    expect(error.message).not.toContain("arn:");
    expect(new Set(calls.map(({ action }) => action)).size).toBe(calls.length);
  });
});
