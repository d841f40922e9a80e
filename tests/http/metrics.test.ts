import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { httpEvent, lambdaContext, uniqueTenant } from "../api.ts";
import { mintToken } from "../token.ts";
import { captureOutput } from "./captured.ts";
import { newSandbox } from "./stage.ts";

const MEASURING = { POWERTOOLS_METRICS_DISABLED: "false" };
const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const token = await mintToken({ tenant: uniqueTenant() });
let output: ReturnType<typeof captureOutput>;

beforeEach(() => {
  output = captureOutput();
});

afterEach(() => void vi.restoreAllMocks());

const cache = () =>
  newSandbox(async () => (await import("../../functions/cache/handler.ts")).handler, MEASURING);
const get = (key: string, headers = {}) => httpEvent("GET", `/v1/cache/entries/${key}`, { headers }, token);

describe("one request writes one line of metrics", () => {
  test("with its count, its round trip, its cold start, and the ids of its log and trace", async () => {
    const context = lambdaContext();
    await (await cache())(get("missing", { traceparent: TRACEPARENT }), context);
    const lines = output.metrics();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      service: "redigate",
      function: context.functionName,
      operation: "getEntry",
      Requests: 1,
      ColdStart: 1,
      RedisRoundTrip: expect.any(Number),
      requestId: context.awsRequestId,
      traceparent: TRACEPARENT,
    });
    expect(lines[0]?._aws.CloudWatchMetrics).toEqual([
      {
        Namespace: "redigate",
        Dimensions: [["service", "function", "operation"]],
        Metrics: [
          { Name: "Requests", Unit: "Count" },
          { Name: "ColdStart", Unit: "Count" },
          { Name: "RedisRoundTrip", Unit: "Milliseconds" },
        ],
      },
    ]);
  });

  test("of which only the first of a sandbox counts a cold start", async () => {
    const handler = await cache();
    for (let call = 0; call < 3; call++) await handler(get("missing"), lambdaContext());
    expect(output.metrics().map(({ ColdStart }) => ColdStart)).toEqual([1, undefined, undefined]);
  });

  test("with one time for each round trip", async () => {
    const handler = await cache();
    const grouped = httpEvent(
      "PUT",
      "/v1/cache/entries/g",
      { headers: { "cache-groups": '"a"' }, body: "x" },
      token,
    );
    await handler(grouped, lambdaContext());
    await handler(get("g"), lambdaContext());
    await handler(get("missing"), lambdaContext());
    const times = output.metrics().map(({ RedisRoundTrip }) => [RedisRoundTrip].flat());
    expect(times.map(({ length }) => length)).toEqual([2, 2, 1]);
    for (const ms of times.flat()) expect(ms).toBeGreaterThan(0);
  });

  test.each([100, 250])("even after waiting for %i round trips, as a GET with `wait` may", async (count) => {
    const { publishRequest } = await newSandbox(() => import("../../lib/http/telemetry.ts"), MEASURING);
    const roundTripsMs = Array.from({ length: count }, () => 1.5);
    publishRequest({
      functionName: "redigate-test-cache",
      operation: "getEntry",
      status: 200,
      requestId: "id",
      traceparent: undefined,
      roundTripsMs,
      alerts: [],
    });
    const lines = output.lines();
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ operation: "getEntry", requestId: "id", Requests: 1 });
  });

  test("under the function's own name, where several share a process", async () => {
    const handler = await cache();
    for (const functionName of ["redigate-one-cache", "redigate-other-cache"])
      await handler(get("missing"), { ...lambdaContext(), functionName });
    await handler(get("missing"), { ...lambdaContext(), functionName: "redigate-one-cache" });
    const names = output.metrics().map((line) => line.function);
    expect(names).toEqual(["redigate-one-cache", "redigate-other-cache", "redigate-one-cache"]);
  });

  test("without an error where the caller was wrong, and without a round trip that was not made", async () => {
    const handler = await cache();
    await handler(httpEvent("GET", "/v1/cache/entries/a", {}, null), lambdaContext());
    await handler(httpEvent("GET", "/v1/nothing", {}, token), lambdaContext());
    const lines = output.metrics();
    expect(lines.map(({ operation }) => operation)).toEqual(["getEntry", "none"]);
    for (const line of lines) {
      expect(line.Requests).toBe(1);
      expect(line).not.toHaveProperty("Errors");
      expect(line).not.toHaveProperty("RedisRoundTrip");
      expect(line).not.toHaveProperty("traceparent");
    }
  });

  test("with an error where the service failed", async () => {
    const away = { ...MEASURING, REDIS_URL: "redis://127.0.0.1:1", REDIS_DEADLINE_MS: "50" };
    const handler = await newSandbox(
      async () => (await import("../../functions/cache/handler.ts")).handler,
      away,
    );
    expect(await handler(get("a"), lambdaContext())).toMatchObject({ statusCode: 503 });
    expect(output.metrics()).toMatchObject([{ operation: "getEntry", Requests: 1, Errors: 1 }]);
  });
});
