import { describe, expect, test } from "vitest";
import { type Fault, withFault } from "./faults.ts";
import { soundTemplate } from "./sound-template.ts";
import { validateTemplate } from "./validate.ts";

/** The template's own language within texts, which is not JavaScript's. */
const named = (name: string) => `$\{${name}}`;
const sub = (name: string) => ({ "Fn::Sub": named(name) });

const schedule = (ScheduleExpression: string) => ({
  Type: "AWS::Events::Rule",
  Properties: { ScheduleExpression },
});

const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  "kinds and parts of resources": [
    ["Vpc.Type: AWS::EC2::Vpc is unknown", "Resources/Vpc/Type", "AWS::EC2::Vpc"],
    ["Vpc.Type: undefined is unknown", "Resources/Vpc/Type", undefined],
    ["Vpc.Propertys: is unknown", "Resources/Vpc/Propertys", {}],
    ["My-Vpc: its name must be of letters and digits", "Resources/My-Vpc", { Type: "AWS::EC2::VPC" }],
    ["AWS::ElastiCache::ServerlessCache has no snapshots", "Resources/Cache/DeletionPolicy", "Snapshot"],
    ["must be one of Delete, Retain, Snapshot", "Resources/Cache/UpdateReplacePolicy", "Keep"],
    [
      "Cache.UpdatePolicy.UseOnlineReshading: is unknown",
      "Resources/Cache/UpdatePolicy",
      { UseOnlineReshading: true },
    ],
    ["Resources.Vpc.Properties: is null", "Resources/Vpc/Properties", null],
    [
      "Resources.Other: has the ServerlessCacheName of Cache",
      "Resources/Other",
      soundTemplate.Resources.Cache,
    ],
  ],
  "names of properties": [
    ["Cache.Properties.Name: is unknown", "Resources/Cache/Properties/Name", "x"],
    ["CacheUsageLimits.Storage: is unknown", "Resources/Cache/Properties/CacheUsageLimits/Storage", {}],
    ["Group.Properties.Tags.0.Name: is unknown", "Resources/Group/Properties/Tags/0/Name", "x"],
    ["Cache.Properties: lacks Engine", "Resources/Cache/Properties/Engine", undefined],
    ["Function.Properties: lacks Code", "Resources/Function/Properties", undefined],
    [
      "CacheUsageLimits.DataStorage: lacks Unit",
      "Resources/Cache/Properties/CacheUsageLimits/DataStorage/Unit",
      undefined,
    ],
    ["Group.Properties.Tags.0: lacks Value", "Resources/Group/Properties/Tags/0/Value", undefined],
    ["Cache.Properties.Status: is read-only", "Resources/Cache/Properties/Status", "available"],
    ["Endpoint.Address: is read-only", "Resources/Cache/Properties/Endpoint", { Address: "x" }],
  ],
  "types of values": [
    ["Engine: must be of type string, not 7", "Resources/Cache/Properties/Engine", 7],
    ['must be of type integer, not "7"', "Resources/Cache/Properties/SnapshotRetentionLimit", "7"],
    ["must be of type integer, not 1.5", "Resources/Cache/Properties/SnapshotRetentionLimit", 1.5],
    [
      'must be of type boolean, not "false"',
      "Resources/Function/Properties/PublishToLatestPublished",
      "false",
    ],
    ['Threshold: must be of type number, not "0.5"', "Resources/Alarm/Properties/Threshold", "0.5"],
    ["one of ipv4, ipv6, dual_stack", "Resources/Cache/Properties/NetworkType", "ipv5"],
    ["one of ipv4, ipv6, dual_stack", "Resources/Cache/Properties/NetworkType/Fn::If/1", "ipv5"],
    ["SubnetIds: must be a list", "Resources/Cache/Properties/SubnetIds", "subnet-1"],
    ["SecurityGroupIds.0: must be of type string", "Resources/Cache/Properties/SecurityGroupIds/0", ["sg-1"]],
    ["CacheUsageLimits: must be an object", "Resources/Cache/Properties/CacheUsageLimits", "1 GB"],
    ["Variables: must be an object", "Resources/Function/Properties/Environment/Variables", []],
    ["PORT: must be of type string", "Resources/Function/Properties/Environment/Variables/PORT", 6379],
    ["must be an object or of type string, not 1", "Resources/Role/Properties/AssumeRolePolicyDocument", 1],
  ],
  "what functions give": [
    ["must be a list, not the text of Ref", "Resources/Cache/Properties/SubnetIds", { Ref: "Subnet" }],
    ["must be of type string, not the list of Ref", "Resources/Cache/Properties/Engine", { Ref: "Subnets" }],
    ["not the text of Fn::Sub", "Resources/Cache/Properties/CacheUsageLimits", { "Fn::Sub": "x" }],
    [
      "must be of type string, not the list of Fn::GetAtt",
      "Resources/Cache/Properties/Description",
      { "Fn::GetAtt": ["Vpc", "CidrBlockAssociations"] },
    ],
    ["Fn::Upper is no function", "Resources/Cache/Properties/Description", { "Fn::Upper": "x" }],
    [
      "Value is no function, or stands beside one",
      "Resources/Cache/Properties/Description",
      { Ref: "Vpc", Value: "x" },
    ],
    ["Fn::Join does not take", "Resources/Cache/Properties/Description", { "Fn::Join": ["a", "b"] }],
    [
      "Fn::Join does not take",
      "Resources/Cache/Properties/Description",
      { "Fn::Join": ["", [{ Refs: "Vpc" }]] },
    ],
    ["Fn::Equals does not take [1,", "Conditions/IsLarge", { "Fn::Equals": [1, "1"] }],
    ["Fn::Select does not take", "Resources/Cache/Properties/Description", { "Fn::Select": ["a", []] }],
  ],
  "what is named": [
    ["no resource or parameter Users", "Resources/Cache/Properties/UserGroupId", { Ref: "Users" }],
    ["no attribute ARN", "Resources/Function/Properties/Role", { "Fn::GetAtt": "Role.ARN" }],
    ["no resource Rolle", "Resources/Function/Properties/Role", { "Fn::GetAtt": ["Rolle", "Arn"] }],
    ["no resource or parameter Vpcs", "Resources/Function/Properties/Description", sub("Vpcs")],
    ["no attribute Address", "Resources/Function/Properties/Description", sub("Cache.Address")],
    ["no resource or parameter AWS::Zone", "Resources/Function/Properties/Description", sub("AWS::Zone")],
    ["stands outside of Fn::Sub", "Resources/Function/Properties/Description", named("AWS::Region")],
    ["stands outside of Fn::Sub", "Resources/Function/Properties/Description", named("Cache.ARN")],
    ["no resource ..", "Resources/Function/Properties/Description", sub("...")],
    ["no mapping Size", "Resources/Function/Properties/MemorySize/Fn::FindInMap/0", "Size"],
    ["no condition IsBig", "Resources/Cache/Properties/SubnetIds/Fn::If/0", "IsBig"],
    ["Function.Condition: there is no condition IsBig", "Resources/Function/Condition", "IsBig"],
    ["UserGroup.DependsOn: there is no resource Users", "Resources/UserGroup/DependsOn", ["User", "Users"]],
    ["Resources.Subnet: Vpc is left out by its condition", "Conditions/IsMade/Fn::Equals/1", "b"],
    ["Outputs.Network: Vpc is left out by its condition", "Conditions/IsMade/Fn::Equals/1", "b"],
    ["no resource or parameter Size", "Conditions/IsSmall", { "Fn::Equals": [{ Ref: "Size" }, "1"] }],
  ],
  "resources that wait for each other": [
    ["Vpc: waits for itself, Vpc -> Vpc", "Resources/Vpc/DependsOn", "Vpc"],
    ["User -> UserGroup -> User", "Resources/User/DependsOn", ["UserGroup"]],
    ["Vpc -> Subnet -> Vpc", "Resources/Vpc/Properties/InstanceTenancy", sub("Subnet.SubnetId")],
    [
      "Role -> Function -> Role",
      "Resources/Role/Properties/Description",
      { "Fn::GetAtt": ["Function", "Arn"] },
    ],
  ],
  conditions: [
    ["IsLarge: depends on a resource", "Conditions/IsLarge/Fn::Equals/0", { Ref: "Vpc" }],
    ["IsSmall: there is no condition IsBig", "Conditions/IsSmall", { "Fn::Not": [{ Condition: "IsBig" }] }],
    ["IsSmall: depends on itself", "Conditions/IsSmall", { "Fn::Not": [{ Condition: "IsSmall" }] }],
  ],
  sections: [
    ["Ressources: is no section of a template", "Ressources", {}],
    ["Parameters.Image.Type: Text is unknown", "Parameters/Image/Type", "Text"],
    ["Image.Default: must be a text or a number", "Parameters/Image/Default", {}],
    ["Address.Value: must be a text", "Outputs/Address/Value", { Ref: "Subnets" }],
    ["Address.Value: must be a text", "Outputs/Address/Value", undefined],
    ["Address.Name: is unknown", "Outputs/Address/Name", "x"],
    ["Address.Condition: there is no condition IsBig", "Outputs/Address/Condition", "IsBig"],
    ["has no attribute Host", "Outputs/Address/Value", { "Fn::GetAtt": ["Cache", "Host"] }],
    ["Address.Export: must have a Name", "Outputs/Address/Export", { Names: "x" }],
    ['"address" is exported twice', "Outputs/Other", { Value: "x", Export: { Name: "address" } }],
    ["Mappings: may hold 200, not 201", "Mappings", Object.fromEntries(Array(201).entries())],
    ["template: may have 1048576 bytes", "Description", "x".repeat(1024 * 1024)],
  ],
  "what AWS demands besides": [
    ['"the user\'s" does not match', "Resources/Group/Properties/GroupDescription", "the user's"],
    ['"Orders" does not match', "Resources/Cache/Properties/ServerlessCacheName", "Orders"],
    ["is Lambda's own", "Resources/Function/Properties/Environment/Variables/AWS_REGION", "x"],
    ["is no name for a variable", "Resources/Function/Properties/Environment/Variables/1ST", "x"],
    [
      "Environment: may have 4096 bytes",
      "Resources/Function/Properties/Environment/Variables/LONG",
      "x".repeat(4096),
    ],
    [
      "Policies: may have 10240 bytes",
      "Resources/Role/Properties/Policies",
      [{ PolicyName: "x", PolicyDocument: { Statement: "x".repeat(10_240) } }],
    ],
    [
      "UserData: may have 16384 bytes",
      "Resources/Instance/Properties/UserData/Fn::Base64/Fn::Join/1/0",
      "x".repeat(16_385),
    ],
    ['"nodejs42.x" does not match', "Resources/Function/Properties/Runtime", "nodejs42.x"],
    ["Timeout: must be from 1 to 900, not 901", "Resources/Function/Properties/Timeout", 901],
    ["from 0 to 35, not 36", "Resources/Cache/Properties/SnapshotRetentionLimit", 36],
    ['"valky" does not match', "Resources/Cache/Properties/Engine", "valky"],
    ['"3:00" does not match', "Resources/Cache/Properties/DailySnapshotTime", "3:00"],
    ['"rate(1 minutes)" does not match', "Resources/Every", schedule("rate(1 minutes)")],
    ['"rate(5 minute)" does not match', "Resources/Every", schedule("rate(5 minute)")],
    [
      '"GETT /v1" does not match',
      "Resources/Route",
      { Type: "AWS::ApiGatewayV2::Route", Properties: { ApiId: "api", RouteKey: "GETT /v1" } },
    ],
  ],
};

test("finds nothing wrong with a sound template", () => {
  expect(validateTemplate(soundTemplate)).toEqual([]);
});

describe.each(Object.entries(FAULTS))("%s", (_, faults) => {
  test.each(faults)("%s", (problem, path, value) => {
    expect(validateTemplate(withFault(soundTemplate, path, value))).toContainEqual(
      expect.stringContaining(problem),
    );
  });
});
