import { createRequire } from "node:module";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { projectDir } from "../../dev/paths.ts";

interface Variables {
  readonly resolveVariable: (name: string) => Promise<unknown>;
}
interface Network {
  functions(variables: Variables): Promise<unknown>;
  resources(variables: Variables): Promise<{ Resources: Record<string, { Properties: object }> }>;
}

const network: Network = createRequire(import.meta.url)(join(projectDir, "infra/network.cjs"));
const inStack = (stack: object): Variables => ({
  resolveVariable: async (name) => (name === "self:custom.stack" ? stack : "redigate-prod"),
});

afterEach(() => void vi.unstubAllEnvs());

describe("functions with a Redis elsewhere", () => {
  const external = inStack({ cache: "external" });

  test("are in no network, unless the environment says in which", async () => {
    vi.stubEnv("VPC_SUBNET_IDS", "");
    vi.stubEnv("VPC_SECURITY_GROUP_IDS", "");
    expect(await network.functions(external)).toBeNull();
    vi.stubEnv("VPC_SUBNET_IDS", "subnet-1,subnet-2");
    vi.stubEnv("VPC_SECURITY_GROUP_IDS", "sg-1");
    expect(await network.functions(external)).toEqual({
      securityGroupIds: ["sg-1"],
      subnetIds: ["subnet-1", "subnet-2"],
    });
  });
});

describe("the network that is made", () => {
  const zonesOf = async (zones: number | string) => {
    const { Resources } = await network.resources(inStack({ cache: "node", zones, endpoints: "yes" }));
    const subnets = Object.entries(Resources).filter(([id]) => /^PrivateSubnet\d$/.test(id));
    return subnets.map(
      ([, { Properties }]) => (Properties as { AvailabilityZone: unknown }).AvailabilityZone,
    );
  };

  test("has a subnet in each of the first zones", async () => {
    const zone = (number: number) => ({ "Fn::Select": [number, { "Fn::GetAZs": "" }] });
    expect(await zonesOf(3)).toEqual([zone(0), zone(1), zone(2)]);
  });

  test("has one in each zone that is named", async () => {
    expect(await zonesOf("us-east-1b,us-east-1d")).toEqual(["us-east-1b", "us-east-1d"]);
  });
});
