import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createInvoke } from "../../lib/aws/invoke.ts";
import { ConfigError } from "../../lib/config.ts";
import { WARM_UP_SOURCE } from "../../lib/http/warm-up.ts";
import { createWarmer, parseTargets, type WarmerOptions } from "../../lib/warmer/warmer.ts";
import { lambdaContext } from "../api.ts";
import { captureOutput } from "../http/captured.ts";
import { newSandbox } from "../http/stage.ts";
import { type LambdaEndpoint, type Outcome, startLambdaEndpoint } from "./lambda-endpoint.ts";

let endpoint: LambdaEndpoint | undefined;

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await endpoint?.close();
  endpoint = undefined;
});

/** Everything that talks to Lambda from now on reaches this endpoint instead. */
async function lambda(answer: Parameters<typeof startLambdaEndpoint>[0]) {
  endpoint = await startLambdaEndpoint(answer);
  vi.stubEnv("AWS_ENDPOINT_URL_LAMBDA", endpoint.url);
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
  return endpoint;
}

async function warmerFor(
  targets: string[],
  answer: Parameters<typeof startLambdaEndpoint>[0],
  options: Partial<WarmerOptions> = {},
) {
  const { invocations } = await lambda(answer);
  const complete = { source: WARM_UP_SOURCE, jitterMs: 0, ...options };
  return { run: createWarmer(createInvoke(), parseTargets(targets), complete).run, invocations };
}

/** The function as Lambda starts it. */
async function deployed(targets: string) {
  vi.stubEnv("WARM_TARGETS", targets);
  vi.stubEnv("WARM_JITTER_SECONDS", "0");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  vi.resetModules();
  return (await import("../../functions/warmer/worker.ts")).handler;
}

const warm: Outcome = { answer: { warmed: true, cold: false, connected: true } };
const cold: Outcome = { answer: { warmed: true, cold: true, connected: true } };

describe("the targets", () => {
  test("are functions with the number of their sandboxes", () => {
    expect(parseTargets(["redigate-dev-cache=2", "a_B-9=100"])).toEqual([
      { functionName: "redigate-dev-cache", sandboxes: 2 },
      { functionName: "a_B-9", sandboxes: 100 },
    ]);
    expect(parseTargets([])).toEqual([]);
  });

  test.each([
    "",
    "cache",
    "cache=",
    "cache=0",
    "cache=101",
    "cache=-1",
    "cache=1.5",
    "cache=x",
    "=1",
    "a b=1",
    "a:b=1",
    `${"a".repeat(65)}=1`,
  ])("are refused with the variable and the rule where one is `%s`", (target) => {
    expect(() => parseTargets(["fine=1", target])).toThrow(ConfigError);
    expect(() => parseTargets([target])).toThrow(/WARM_TARGETS: .*<function name>=<1 to 100>/);
  });
});

describe("the warmer", () => {
  test("sends each sandbox the event that its handler answers before routing, and waits for the answer", async () => {
    const { run, invocations } = await warmerFor(["one=1", "many=3"], async () => warm);
    expect(await run()).toEqual([
      { functionName: "one", sandboxes: 1, cold: 0, failed: 0 },
      { functionName: "many", sandboxes: 3, cold: 0, failed: 0 },
    ]);
    const calls = invocations.toSorted((a, b) => a.functionName.localeCompare(b.functionName));
    expect(calls.map(({ functionName }) => functionName)).toEqual(["many", "many", "many", "one"]);
    for (const { functionName, payload, invocationType } of calls) {
      // Calls at the same time only find different sandboxes if each keeps its own busy for a moment.
      expect(payload).toEqual({
        source: "redigate.warmer",
        holdMs: functionName === "many" ? expect.any(Number) : 0,
      });
      expect(invocationType ?? "RequestResponse").toBe("RequestResponse");
    }
    expect(calls[0]?.payload).not.toMatchObject({ holdMs: 0 });
  });

  test("waits at random before each target, so that their sandboxes do not connect all at once", async () => {
    const arrivals = new Map<string, number[]>();
    const targets = Array.from({ length: 20 }, (_, index) => `f${index}=2`);
    const { run } = await warmerFor(
      targets,
      async ({ functionName }) => {
        arrivals.set(functionName, [...(arrivals.get(functionName) ?? []), performance.now()]);
        return warm;
      },
      { jitterMs: 1000 },
    );
    const startedAt = performance.now();
    expect((await run()).map(({ failed }) => failed)).toEqual(targets.map(() => 0));
    const waits = [...arrivals.values()].map((times) => Math.min(...times) - startedAt);
    // That twenty of them fall into the same quarter is as good as impossible.
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(250);
    expect(Math.max(...waits)).toBeLessThan(1000 + 500);
  });

  test("sends the events of all targets at once, so that each finds another sandbox", async () => {
    const { promise: allArrived, resolve } = Promise.withResolvers<void>();
    let arrived = 0;
    let mostAtOnce = 0;
    const { run } = await warmerFor(["a=100", "b=10"], async () => {
      mostAtOnce = Math.max(mostAtOnce, ++arrived);
      if (arrived === 110) resolve();
      await Promise.race([allArrived, sleep(1000)]);
      arrived--;
      return warm;
    });
    expect((await run()).map(({ failed }) => failed)).toEqual([0, 0]);
    expect(mostAtOnce).toBe(110);
  });

  test("counts those that started cold and those that failed, and lets no target keep another from its turn", async () => {
    const calls: Record<string, number> = {};
    const { run } = await warmerFor(["cold=4", "broken=2", "fine=1"], async ({ functionName }) => {
      calls[functionName] = (calls[functionName] ?? 0) + 1;
      if (functionName === "cold") return calls.cold === 1 || calls.cold === 3 ? cold : warm;
      if (functionName === "fine") return warm;
      return { functionError: "Unhandled", errorMessage: "Task timed out after 29.00 seconds" };
    });
    expect(await run()).toEqual([
      { functionName: "cold", sandboxes: 4, cold: 2, failed: 0 },
      { functionName: "broken", sandboxes: 2, cold: 0, failed: 2 },
      { functionName: "fine", sandboxes: 1, cold: 0, failed: 0 },
    ]);
  });

  test("tells why a target failed, each reason once", async () => {
    const told: string[] = [];
    const { run } = await warmerFor(
      ["broken=3", "odd=2"],
      async ({ functionName }) =>
        functionName === "odd"
          ? { answer: { statusCode: 404 } }
          : { functionError: "Unhandled", errorMessage: "Task timed out" },
      { onFailure: (functionName, reason) => told.push(`${functionName}: ${reason}`) },
    );
    expect((await run()).map(({ failed }) => failed)).toEqual([3, 2]);
    expect(told.sort()).toEqual(["broken: broken failed: Task timed out", "odd: no warm-up's answer"]);
  });

  test("tries again when Lambda throttles, and counts a failure when that goes on", async () => {
    let refused = 0;
    const { run } = await warmerFor(["busy=1", "full=1"], async ({ functionName }) => {
      if (functionName === "busy" && refused++ > 0) return warm;
      return { status: 429, errorType: "TooManyRequestsException" };
    });
    expect(await run()).toEqual([
      { functionName: "busy", sandboxes: 1, cold: 0, failed: 0 },
      { functionName: "full", sandboxes: 1, cold: 0, failed: 1 },
    ]);
  });

  test("waits for no answer for ever, and counts those that came meanwhile", async () => {
    const told: string[] = [];
    const silent = new Promise<Outcome>(() => {});
    await lambda(({ functionName }) => (functionName === "silent" ? silent : Promise.resolve(cold)));
    const onFailure = (functionName: string, reason: string) => told.push(`${functionName}: ${reason}`);
    const options = { source: WARM_UP_SOURCE, jitterMs: 0, onFailure };
    const warmer = createWarmer(
      createInvoke({ timeoutMs: 300 }),
      parseTargets(["silent=2", "fine=1"]),
      options,
    );
    expect(await warmer.run()).toEqual([
      { functionName: "silent", sandboxes: 2, cold: 0, failed: 2 },
      { functionName: "fine", sandboxes: 1, cold: 1, failed: 0 },
    ]);
    expect(told).toEqual([expect.stringMatching(/^silent: .*(abort|timeout)/i)]);
  });

  test("counts a function that was deleted as a failure, by the reason that Lambda gives", async () => {
    const told: string[] = [];
    const { run } = await warmerFor(
      ["gone=1", "fine=1"],
      async ({ functionName }) =>
        functionName === "gone" ? { status: 404, errorType: "ResourceNotFoundException" } : warm,
      { onFailure: (functionName, reason) => told.push(`${functionName}: ${reason}`) },
    );
    expect((await run()).map(({ failed }) => failed)).toEqual([1, 0]);
    expect(told).toEqual([expect.stringMatching(/^gone: ./)]);
  });

  test("counts an answer that is no warm-up's as a failure", async () => {
    const { run } = await warmerFor(["other=1", "silent=1"], async ({ functionName }) => ({
      answer: functionName === "silent" ? null : { statusCode: 500 },
    }));
    expect((await run()).map(({ failed }) => failed)).toEqual([1, 1]);
  });

  test("as deployed, warms the real cache function through Lambda's API", async () => {
    const cache = await newSandbox(async () => (await import("../../functions/cache/handler.ts")).handler);
    await lambda(async ({ payload }) => ({ answer: await cache(payload as never, lambdaContext()) }));
    const handler = await deployed("redigate-dev-cache=2");
    const outcome = { functionName: "redigate-dev-cache", sandboxes: 2, failed: 0 };
    expect(await handler({}, lambdaContext())).toEqual([{ ...outcome, cold: 1 }]);
    expect(await handler({}, lambdaContext())).toEqual([{ ...outcome, cold: 0 }]);
  });

  test("as deployed, measures each function and all together", async () => {
    const calls: Record<string, number> = {};
    await lambda(async ({ functionName }) => {
      calls[functionName] = (calls[functionName] ?? 0) + 1;
      if (functionName === "b") return { functionError: "Unhandled", errorMessage: "no" };
      return calls[functionName] === 1 ? cold : warm;
    });
    const output = captureOutput();
    const handler = await deployed("a=3,b=2");
    await handler({}, { ...lambdaContext(), functionName: "redigate-prod-warmer" });
    const lines = output.metrics();
    expect(lines).toMatchObject([
      { function: "a", SandboxesWarmed: 3, SandboxesCold: 1, SandboxesFailed: 0 },
      { function: "b", SandboxesWarmed: 0, SandboxesCold: 0, SandboxesFailed: 2 },
      { function: "redigate-prod-warmer", SandboxesWarmed: 3, SandboxesCold: 1, SandboxesFailed: 2 },
    ]);
    for (const { _aws } of lines) {
      expect(_aws.CloudWatchMetrics).toMatchObject([
        { Namespace: "redigate", Dimensions: [["service", "function"]] },
      ]);
      expect(_aws.CloudWatchMetrics[0]?.Metrics).toContainEqual({ Name: "SandboxesFailed", Unit: "Count" });
    }
  });
});
