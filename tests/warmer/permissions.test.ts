import { createRequire } from "node:module";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { contracts } from "../../dev/contracts.ts";
import { projectDir } from "../../dev/paths.ts";
import { parseTargets } from "../../lib/warmer/warmer.ts";

interface Arn {
  readonly "Fn::Sub": string;
}
interface Variables {
  readonly resolveVariable: (name: string) => Promise<unknown>;
}
interface WarmTargets {
  readonly everyFunction: (variables: Variables) => Promise<string>;
  readonly arns: (variables: Variables) => Promise<Arn[]>;
}

const { everyFunction, arns }: WarmTargets = createRequire(import.meta.url)(
  join(projectDir, "infra/warm-targets.cjs"),
);
function inStack(stack: object = { concurrency: 500, isLocal: false }): Variables {
  const known: Record<string, unknown> = {
    "self:service": "redigate",
    "sls:stage": "prod",
    "self:custom.stack": stack,
  };
  return { resolveVariable: async (name) => known[name] };
}
const functionsOf = (given: readonly Arn[]) =>
  given.map((arn) => /^arn:.*:lambda:.*:function:([^:]+)$/.exec(arn["Fn::Sub"])?.[1]);

afterEach(() => void vi.unstubAllEnvs());

describe("the warmer", () => {
  test("warms every function that answers requests, and may invoke no other", async () => {
    const targets = parseTargets((await everyFunction(inStack())).split(","));
    const warmed = targets.map(({ functionName }) => functionName);
    expect(warmed).toEqual(
      Object.keys(contracts)
        .sort()
        .map((name) => `redigate-prod-${name}`),
    );
    expect(functionsOf(await arns(inStack()))).toEqual(warmed);
    expect(functionsOf(await arns(inStack({ concurrency: 20, isLocal: false })))).toEqual(warmed);
  });

  test("may invoke exactly what it is told to warm", async () => {
    vi.stubEnv("WARM_TARGETS", "redigate-prod-cache=5, redigate-prod-tokens=2,redigate-prod-cache=1,");
    expect(functionsOf(await arns(inStack()))).toEqual(["redigate-prod-cache", "redigate-prod-tokens"]);
  });
});

describe("`sls package` refuses, with a sentence that names it,", () => {
  const FORM = "must be <function name>=<1 to 100>";
  const UNKNOWN = "is no function of this stack that answers requests; there are redigate-prod-cache, ";

  test.each([
    ["a wildcard", "*=1", `*=1 ${FORM}`],
    ["a wildcard at the end", "redigate-prod-*=1", `redigate-prod-*=1 ${FORM}`],
    ["a wildcard for one letter", "redigate-prod-cach?=1", `redigate-prod-cach?=1 ${FORM}`],
    ["an ARN", "arn:aws:lambda:::function:x=1", `arn:aws:lambda:::function:x=1 ${FORM}`],
    ["a version", "redigate-prod-cache:1=1", `redigate-prod-cache:1=1 ${FORM}`],
    ["a variable", `\${AWS::StackName}=1`, `\${AWS::StackName}=1 ${FORM}`],
    ["no number", "redigate-prod-cache", `redigate-prod-cache ${FORM}`],
    ["none", "redigate-prod-cache=0", `redigate-prod-cache=0 ${FORM}`],
    ["more than a hundred", "redigate-prod-cache=101", `redigate-prod-cache=101 ${FORM}`],
    ["a name that nobody has", "redigate-prod-cash=1", `redigate-prod-cash ${UNKNOWN}`],
    ["a function of another stage", "redigate-dev-cache=1", `redigate-dev-cache ${UNKNOWN}`],
    ["one that answers no requests", "redigate-prod-sentry=1", `redigate-prod-sentry ${UNKNOWN}`],
  ])("%s", async (_, target, sentence) => {
    vi.stubEnv("WARM_TARGETS", `redigate-prod-cache=1,${target}`);
    await expect(arns(inStack())).rejects.toThrow(`Wrong configuration. WARM_TARGETS: ${sentence}`);
  });

  test("more sandboxes than the function may have, unless none are reserved", async () => {
    vi.stubEnv("WARM_TARGETS", "redigate-prod-cache=30,redigate-prod-tokens=9");
    await expect(arns(inStack({ concurrency: 50, isLocal: false }))).rejects.toThrow(
      /redigate-prod-cache=30 is more than concurrency leaves this function, which is \d+; redigate-prod-tokens=9 is more/,
    );
    expect(await arns(inStack())).toHaveLength(2);
    expect(await arns(inStack({ concurrency: 0, isLocal: false }))).toHaveLength(2);
  });

  test("a list of nobody", async () => {
    vi.stubEnv("WARM_TARGETS", " , ");
    await expect(arns(inStack())).rejects.toThrow("WARM_TARGETS: names none.");
  });

  test("and nothing where a function runs on this machine, which has no role", async () => {
    vi.stubEnv("WARM_TARGETS", "*=1");
    expect(await arns(inStack({ concurrency: 500, isLocal: true }))).toEqual([]);
  });
});
