import { describe, expect, test } from "vitest";
import { checkElastiCache } from "./elasticache.ts";
import { type Fault, withFault } from "./faults.ts";
import type { Template } from "./template.ts";

const problemsOf = (template: Template) => [...checkElastiCache(template)];

const groupWith = (properties: Readonly<Record<string, unknown>>): Template => ({
  Resources: {
    User: {
      Type: "AWS::ElastiCache::User",
      Properties: { UserId: "app", UserName: "app", AuthenticationMode: { Type: "iam" } },
    },
    Users: {
      Type: "AWS::ElastiCache::UserGroup",
      DependsOn: ["User"],
      Properties: { UserGroupId: "apps", UserIds: ["app"] },
    },
    Parameters: {
      Type: "AWS::ElastiCache::ParameterGroup",
      Properties: {
        CacheParameterGroupFamily: "valkey9",
        Properties: { "cluster-enabled": properties.ClusterMode === "enabled" ? "yes" : "no" },
      },
    },
    Group: {
      Type: "AWS::ElastiCache::ReplicationGroup",
      DependsOn: "Users",
      Properties: {
        UserGroupIds: ["apps"],
        TransitEncryptionEnabled: true,
        Engine: "valkey",
        EngineVersion: "9.0",
        CacheParameterGroupName: { Ref: "Parameters" },
        LogDeliveryConfigurations: [
          { LogType: "slow-log", LogFormat: "json", DestinationType: "cloudwatch-logs" },
        ],
        ...properties,
      },
    },
  },
});

const sharded = groupWith({
  ClusterMode: "enabled",
  NumNodeGroups: 2,
  ReplicasPerNodeGroup: 1,
  AutomaticFailoverEnabled: true,
  MultiAZEnabled: true,
  Durability: "sync",
});
const replicated = groupWith({
  ClusterMode: "disabled",
  NumCacheClusters: 2,
  AutomaticFailoverEnabled: true,
  MultiAZEnabled: true,
});

const group = "Resources/Group/Properties";
const addressOf = (name: string) => ({ Address: { Value: { "Fn::GetAtt": ["Group", name] } } });
const urlOf = (name: string) => ({ Url: { Value: { "Fn::Sub": `rediss://$\{Group.${name}}` } } });

const FAULTS: Readonly<Record<string, readonly [Template, readonly Fault[]]>> = {
  "a group of shards": [
    sharded,
    [
      ["NumCacheClusters is not for cluster mode", `${group}/NumCacheClusters`, 2],
      ["cluster mode needs AutomaticFailoverEnabled", `${group}/AutomaticFailoverEnabled`, false],
      ["MultiAZEnabled needs", `${group}/ReplicasPerNodeGroup`, 0],
      ["Durability needs Valkey 9", `${group}/EngineVersion`, "8.1"],
      ["Durability needs", `${group}/MultiAZEnabled`, false],
      ["UserGroupIds needs TransitEncryptionEnabled", `${group}/TransitEncryptionEnabled`, undefined],
      ["no PrimaryEndPoint.Address with", "Outputs", addressOf("PrimaryEndPoint.Address")],
      ["no ReaderEndPoint.Address with", "Outputs", urlOf("ReaderEndPoint.Address")],
      ["must be of the family valkey8", `${group}/EngineVersion`, "8.1"],
      ["is for cluster mode disabled", "Resources/Parameters/Properties/Properties", undefined],
      ["LogType must be slow-log or engine-log", `${group}/LogDeliveryConfigurations/0/LogType`, "slowlog"],
      ["DestinationType must be", `${group}/LogDeliveryConfigurations/0/DestinationType`, "cloudwatch"],
      ["IAM needs UserName to be UserId", "Resources/User/Properties/UserName", "other"],
      ["Group.DependsOn: lacks Users", "Resources/Group/DependsOn", undefined],
      ["Users.DependsOn: lacks User", "Resources/Users/DependsOn", undefined],
    ],
  ],
  "a primary with replicas": [
    replicated,
    [
      ["AutomaticFailoverEnabled needs a replica", `${group}/NumCacheClusters`, 1],
      ["MultiAZEnabled needs", `${group}/AutomaticFailoverEnabled`, false],
      ["Durability needs", `${group}/Durability`, "async"],
      ["no ConfigurationEndPoint.Address with", "Outputs", addressOf("ConfigurationEndPoint.Address")],
    ],
  ],
};

describe.each(Object.entries(FAULTS))("%s", (_, [sound, faults]) => {
  test("can be sound", () => {
    expect(problemsOf(sound)).toEqual([]);
  });

  test.each(faults)("%s", (problem, path, value) => {
    expect(problemsOf(withFault(sound, path, value))).toContainEqual(expect.stringContaining(problem));
  });
});
