import { STATUS_CODES } from "node:http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { handler } from "../../functions/cache/handler.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { OutOfMemory, RedisUnavailable } from "../../lib/redis/errors.ts";
import { createApi, httpEvent, lambdaContext, uniqueTenant } from "../api.ts";
import { mintToken } from "../token.ts";
import { captureOutput } from "./captured.ts";
import { stage, stageContract } from "./stage.ts";

const FAIL = "/v1/cache/failures";
const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
let output: ReturnType<typeof captureOutput>;

beforeEach(() => {
  logger().setLogLevel("INFO");
  output = captureOutput();
});

afterEach(() => {
  vi.restoreAllMocks();
  logger().setLogLevel("SILENT");
});

/** The answer as API Gateway gets it, with the request's id. */
async function call(
  served: ReturnType<typeof stage> | typeof handler,
  method: string,
  path: string,
  token?: string | null,
) {
  const context = lambdaContext();
  const bearer = token === undefined ? await mintToken({ tenant: uniqueTenant() }) : token;
  const event = httpEvent(method, path, { headers: { traceparent: TRACEPARENT }, body: "" }, bearer);
  return { result: await served(event, context), requestId: context.awsRequestId };
}

describe("a problem", async () => {
  test.each([
    [400, "invalid_request", "PUT", "/v1/cache/entries/%zz", undefined],
    [401, "token_missing", "GET", "/v1/cache/entries/a", null],
    [401, "token_invalid", "GET", "/v1/cache/entries/a", "a.b.c"],
    [
      403,
      "scope_missing",
      "GET",
      "/v1/cache/entries/a",
      await mintToken({ tenant: "a", scope: "none:read" }),
    ],
    [404, "route_unknown", "GET", "/v1/nothing", undefined],
    [404, "cache_miss", "GET", "/v1/cache/entries/missing", undefined],
    [405, "method_not_allowed", "PATCH", "/v1/cache/entries/a", undefined],
    [415, "media_type_unsupported", "POST", "/v1/cache/batch-get", undefined],
  ])(
    "with status %i and code %s is a whole document that nobody stores",
    async (status, code, method, path, token) => {
      const { result, requestId } = await call(handler, method, path, token);
      expect(result.statusCode).toBe(status);
      expect(result.headers).toMatchObject({
        "content-type": "application/problem+json",
        "cache-control": "no-store",
      });
      const { detail, errors, ...rest } = JSON.parse(result.body ?? "");
      expect(rest).toEqual({
        type: "about:blank",
        title: STATUS_CODES[status],
        status,
        code,
        instance: `urn:uuid:${requestId}`,
      });
      expect(detail).toMatch(/^\S.+[^\s]$/);
      expect(errors === undefined).toBe(status !== 400);
      expect(output.lines().filter((line) => line.includes('"level":"ERROR"'))).toEqual([]);
    },
  );
});

describe("what fails inside an operation", () => {
  test.each([
    ["an error", Object.assign(new Error("hunter2 at /var/task"), { code: "E" })],
    ["an error of Redis", Object.assign(new Error("WRONGTYPE hunter2"), { name: "ReplyError" })],
    ["a text", "hunter2"],
    ["nothing", undefined],
  ])("is a 500 that tells nothing of it: %s", async (_, failure) => {
    const { result } = await call(stage({}, failure), "POST", FAIL);
    expect(result.statusCode).toBe(500);
    const { code, detail } = JSON.parse(result.body ?? "");
    expect({ code, detail }).toEqual({
      code: "internal_error",
      detail: "Something failed inside; the log has the details.",
    });
    expect(JSON.stringify(result)).not.toMatch(/hunter2|stack|\/var\/task|\.ts/);
  });

  test("is logged once, with what leads from the answer and from the trace to it", async () => {
    const { requestId } = await call(stage({}, new Error("the reason")), "POST", FAIL);
    const lines = output.lines().map((line) => JSON.parse(line));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "ERROR",
      operation: "fail",
      requestId,
      traceparent: TRACEPARENT,
      error: { name: "Error", message: "the reason", stack: expect.stringContaining("problems.test.ts") },
    });
  });

  test("is a 503 that says when to come back, if Redis is away", async () => {
    const api = createApi(stage({}, new RedisUnavailable("hunter2")), stageContract);
    const { status, json, headers } = await api("POST", FAIL);
    expect({ status, code: json.code, after: headers["retry-after"] }).toEqual({
      status: 503,
      code: "redis_unavailable",
      after: "1",
    });
    expect(JSON.stringify(json)).not.toContain("hunter2");
  });

  test("is a 507 if Redis is full", async () => {
    const { status, json } = await createApi(stage({}, new OutOfMemory("hunter2")), stageContract)(
      "POST",
      FAIL,
    );
    expect({ status, code: json.code }).toEqual({ status: 507, code: "out_of_memory" });
    expect(JSON.stringify(json)).not.toContain("hunter2");
  });
});
