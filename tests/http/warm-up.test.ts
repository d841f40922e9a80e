import { afterEach, describe, expect, test, vi } from "vitest";
import { httpEvent, lambdaContext, uniqueTenant } from "../api.ts";
import { mintToken } from "../token.ts";
import { captureOutput } from "./captured.ts";
import { newSandbox } from "./stage.ts";

const WARM_UP = { source: "redigate.warmer" };
const MEASURING = { POWERTOOLS_METRICS_DISABLED: "false" };

type Handler = (event: never, context: ReturnType<typeof lambdaContext>) => Promise<unknown>;
const load = (environment = {}): Promise<Handler> =>
  newSandbox(async () => (await import("../../functions/cache/handler.ts")).handler as Handler, {
    ...MEASURING,
    ...environment,
  });

async function call(handler: Handler, event: object): Promise<unknown> {
  return handler(event as never, lambdaContext());
}

async function timed(handler: Handler, event: object) {
  const startedAt = performance.now();
  const answer = await call(handler, event);
  return { answer, ms: performance.now() - startedAt };
}

afterEach(() => void vi.restoreAllMocks());

describe("a warm-up event", () => {
  test("is answered before routing, tells whether the sandbox was cold, and that the connection is alive", async () => {
    const handler = await load();
    expect(await call(handler, WARM_UP)).toEqual({ warmed: true, cold: true, connected: true });
    expect(await call(handler, WARM_UP)).toEqual({ warmed: true, cold: false, connected: true });
  });

  test("is not counted as a request, and neither is its round trip nor the cold start it took", async () => {
    const handler = await load();
    const output = captureOutput();
    await call(handler, WARM_UP);
    expect(output.metrics()).toEqual([]);
    const token = await mintToken({ tenant: uniqueTenant() });
    await call(handler, httpEvent("GET", "/v1/cache/entries/missing", {}, token));
    const [line, ...more] = output.metrics();
    expect(more).toEqual([]);
    expect(line).toMatchObject({ operation: "getEntry", Requests: 1, RedisRoundTrip: expect.any(Number) });
    expect(line).not.toHaveProperty("ColdStart");
  });

  test("is no request that failed where Redis is away: it says so within the deadline", async () => {
    const handler = await load({ REDIS_URL: "redis://127.0.0.1:1", REDIS_DEADLINE_MS: "200" });
    const output = captureOutput();
    const { answer, ms } = await timed(handler, WARM_UP);
    expect(answer).toEqual({ warmed: true, cold: true, connected: false });
    expect(ms).toBeLessThan(600);
    expect(output.metrics()).toEqual([]);
  });

  test("returns at once, or keeps its sandbox busy as long as it is asked to, at most a second", async () => {
    const handler = await load();
    await call(handler, WARM_UP);
    expect((await timed(handler, WARM_UP)).ms).toBeLessThan(60);
    expect((await timed(handler, { ...WARM_UP, holdMs: 80 })).ms).toBeGreaterThanOrEqual(79);
    const { ms } = await timed(handler, { ...WARM_UP, holdMs: 60_000 });
    expect(ms).toBeGreaterThanOrEqual(999);
    expect(ms).toBeLessThan(1300);
  });

  test("works in a function without Redis", async () => {
    const handler = await newSandbox(
      async () => (await import("../../functions/openapi/handler.ts")).handler as Handler,
    );
    expect(await call(handler, WARM_UP)).toEqual({ warmed: true, cold: true, connected: true });
  });

  test("cannot come in through the API: what a caller sends never becomes the event", async () => {
    const handler = await load();
    captureOutput();
    const event = httpEvent(
      "POST",
      "/v1/cache/batch-get",
      { body: WARM_UP, query: { source: WARM_UP.source } },
      null,
    );
    expect(await call(handler, event)).toMatchObject({ statusCode: 401 });
  });
});
