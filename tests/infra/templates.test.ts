import { beforeAll, describe, expect, test } from "vitest";
import { goldenTexts, partsOf } from "./golden.ts";
import { replacements } from "./replacements.ts";
import { preflightsIn, wayOfStrangers, waysIn, waysWanted } from "./routing.ts";
import { weaknessesOf } from "./security/secure.ts";
import { CACHES, packageStacks, SCALED_CACHES, STACK_NAMES } from "./stacks.ts";
import { withFault } from "./validator/faults.ts";
import type { Template } from "./validator/template.ts";
import { validateTemplate } from "./validator/validate.ts";

let stacks: Record<string, Template | Error> = {};

beforeAll(async () => {
  stacks = await packageStacks();
}, 300_000);

function templateOf(stack: string): Template {
  const template = stacks[stack] ?? new Error(`there is no stack ${stack}`);
  if (template instanceof Error) throw template;
  return template;
}

describe.each(STACK_NAMES)("%s", (stack) => {
  test("is what AWS takes", () => {
    expect(validateTemplate(templateOf(stack))).toEqual([]);
  });

  test("is safe", () => {
    expect(weaknessesOf(templateOf(stack))).toEqual([]);
  });

  test("leads every operation to its function, and past the authorizer if it takes a token", () => {
    const hasIssuer = stack.startsWith("external-with-issuer");
    expect(waysIn(templateOf(stack))).toEqual(waysWanted(hasIssuer));
    // Who asks for what is not there hears so without a token.
    const { leadsTo, passesAuthorizer } = wayOfStrangers(templateOf(stack));
    expect({ leadsTo, passesAuthorizer }).toEqual({
      leadsTo: "OpenapiLambdaFunction",
      passesAuthorizer: false,
    });
  });
});

test("a browser's preflight has no token, and is answered by the function", () => {
  const preflights = (stack: string) => preflightsIn(templateOf(stack));
  expect(preflights("external")).toEqual(waysWanted(false));
  expect(preflights("external-with-issuer-for-pages")).toEqual(waysWanted(false));
  // Where no page may call, nobody asks.
  expect(preflights("external-with-issuer")).toEqual(waysWanted(true));
});

test("who has endpoints in a network already is told whom they must admit", () => {
  expect(templateOf("serverless-in-own-network").Outputs?.FunctionsSecurityGroup).toEqual({
    Value: { Ref: "FunctionsSecurityGroup" },
  });
});

/** To take over a change: `npx vitest run tests/infra/templates.test.ts -u`, and read the difference. */
test("every stack is the one that was reviewed", async () => {
  const { shared, own } = goldenTexts(Object.fromEntries(CACHES.map((cache) => [cache, templateOf(cache)])));
  await expect.soft(shared).toMatchFileSnapshot("golden/every-cache.json");
  for (const [cache, text] of Object.entries(own))
    await expect.soft(text).toMatchFileSnapshot(`golden/${cache}.json`);
});

describe("what the runbook scales", () => {
  test("is every cache of the stack's own", () => {
    expect(SCALED_CACHES.toSorted()).toEqual(CACHES.filter((cache) => cache !== "external").toSorted());
  });

  test.each(SCALED_CACHES)("stays what it is, with its data: %s", (cache) => {
    const [before, after] = [templateOf(cache), templateOf(`${cache}-scaled`)];
    expect(after.Resources).not.toEqual(before.Resources);
    expect(replacements(before, after)).toEqual([]);
  });

  test("would be replaced by what is fixed when a cache is made", () => {
    const [cluster, serverless] = [templateOf("cluster"), templateOf("serverless")];
    for (const property of ["ReplicasPerNodeGroup", "SnapshotName", "CacheSubnetGroupName"])
      expect(
        replacements(cluster, withFault(cluster, `Resources/Cluster/Properties/${property}`, "another")),
      ).toEqual([`Cluster.${property}`]);
    expect(replacements(serverless, templateOf("serverless-in-own-network"))).toContain(
      "ServerlessCache.SubnetIds",
    );
    expect(replacements(serverless, templateOf("node"))).toContain("ServerlessCache");
  });
});

test("an API with a name of its own has no other", () => {
  const apiOf = (stack: string) => templateOf(stack).Resources.HttpApi?.Properties;
  expect(apiOf("cluster-sync")).toMatchObject({ DisableExecuteApiEndpoint: true });
  expect(apiOf("cluster")).not.toHaveProperty("DisableExecuteApiEndpoint");
});

test("the last snapshot of a serverless cache is of this stack, and not of the next one of its name", () => {
  const { ServerlessCache } = templateOf("serverless").Resources;
  expect(JSON.stringify(ServerlessCache?.Properties?.FinalSnapshotName)).toContain('{"Ref":"AWS::StackId"}');
});

test("a stack that nobody chose a cache for is serverless in production, and one node elsewhere", () => {
  const typesIn = (stack: string) => Object.values(templateOf(stack).Resources).map(({ Type }) => Type);
  expect(partsOf(templateOf("by-default"))).toEqual(partsOf(templateOf("serverless")));
  expect(typesIn("by-default-elsewhere")).toContain("AWS::ElastiCache::ReplicationGroup");
  expect(typesIn("by-default-elsewhere")).not.toContain("AWS::ElastiCache::ServerlessCache");
});
