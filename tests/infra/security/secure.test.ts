import { describe, expect, test } from "vitest";
import { type Fault, withFault } from "../validator/faults.ts";
import { safeTemplate } from "./safe-template.ts";
import { weaknessesOf } from "./secure.ts";

const log = "Resources/CacheRole/Properties/Policies/0/PolicyDocument/Statement/0";
const joining = "Resources/CacheRole/Properties/Policies/0/PolicyDocument/Statement/1";
const endpoint = "Resources/Endpoint/Properties/PolicyDocument/Statement/0";
const denial = "Resources/CacheRole/Properties/Policies/0/PolicyDocument/Statement/3";
const user = "Resources/User/Properties";
const everything = { PolicyDocument: { Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] } };
const trust = "Resources/CacheRole/Properties/AssumeRolePolicyDocument/Statement/0";
const variables = "Resources/CacheFunction/Properties/Environment/Variables";
const open = { Effect: "Allow", Action: "s3:GetObject", Principal: "*" };
const world = "0.0.0.0/0";

const WEAKNESSES: Readonly<Record<string, readonly Fault[]>> = {
  access: [
    ["CacheRole: allows logs:*", `${log}/Action`, "logs:*"],
    ["CacheRole: allows *", `${log}/Action/0`, "*"],
    ["CacheRole: allows logs:PutLogEvents on everything", `${log}/Resource`, ["*"]],
    ["on everything", `${log}/Resource`, { "Fn::Sub": [`$\{All}`, { All: "*" }] }],
    ["on everything", `${log}/Resource`, { "Fn::If": ["IsLarge", "*", "arn:aws:logs:::log-group:/x:*"] }],
    ["Extra: allows *", "Resources/Extra", { Type: "AWS::IAM::RolePolicy", Properties: everything }],
    ["on arn:aws:logs:*:*:log-group:/x", `${log}/Resource`, "arn:aws:logs:*:*:log-group:/x"],
    ["on arn:aws:logs:::log-group:/x*:*", `${log}/Resource`, { "Fn::Sub": "arn:aws:logs:::log-group:/x*:*" }],
    ["/x*", `${log}/Resource`, { "Fn::Join": ["", ["arn:aws:logs:", { Ref: "AWS::Region" }, "/x*"]] }],
    ["on nothing that it says", `${log}/Resource`, undefined],
    ["CacheRole: allows ec2:RunInstances on everything", `${joining}/Action/0`, "ec2:RunInstances"],
    ["CacheRole: allows all but what it names", `${log}/NotAction`, "s3:GetObject"],
    ["Endpoint: allows elasticache:*", `${endpoint}/Action`, "elasticache:*"],
    ["Endpoint: lets anybody in", `${endpoint}/Condition`, undefined],
    ["Endpoint: lets anybody in", `${endpoint}/Condition`, { Bool: { "aws:SecureTransport": "true" } }],
    ["Endpoint: lets anybody in", endpoint, { ...open, Resource: "arn:aws:s3:::orders/*" }],
    ["CacheRole: may be taken on by", `${trust}/Principal`, { AWS: "123456789012" }],
    ["CacheRole: may be taken on by", `${trust}/Principal`, "*"],
    ["CacheRole: may be taken on by", `${trust}/Action`, ["sts:AssumeRole", "sts:TagSession"]],
    [
      "CacheRole: has what arn:aws:iam::aws:policy/AdministratorAccess allows",
      "Resources/CacheRole/Properties/ManagedPolicyArns",
      ["arn:aws:iam::aws:policy/AdministratorAccess"],
    ],
  ],
  api: [
    ["Stage: has no access log", "Resources/Stage/Properties/AccessLogSettings", undefined],
    ["Stage: has no throttling", "Resources/Stage/Properties/DefaultRouteSettings", undefined],
    [
      "Stage: has no throttling",
      "Resources/Stage/Properties/DefaultRouteSettings/ThrottlingBurstLimit",
      undefined,
    ],
    ["CacheFunction: has no traces", "Resources/CacheFunction/Properties/TracingConfig", undefined],
  ],
  users: [
    ["Cache: lets in whoever asks", "Resources/Cache/Properties/UserGroupIds", []],
    ["Serverless: lets in whoever asks", "Resources/Serverless/Properties/UserGroupId", undefined],
    ["User: needs no password", `${user}/AuthenticationMode/Type`, "no-password-required"],
    ["User: needs no password", `${user}/AuthenticationMode`, undefined],
    ["User: needs no password", `${user}/NoPasswordRequired`, true],
    ["User: may do what it is not forbidden", `${user}/AccessString`, "on ~* +get"],
    ["User: +@all", `${user}/AccessString`, "on ~* -@all +@all"],
    ["User: nopass", `${user}/AccessString`, "on nopass ~* -@all +get"],
    ["User: +flushall", `${user}/AccessString`, "on ~* -@all (~a +flushall)"],
    ["User: +config|set", `${user}/AccessString`, "on ~* -@all +config|set"],
    ["User: +cluster|failover", `${user}/AccessString`, "on ~* -@all +cluster|failover"],
    ["Person: has keys that do not expire", "Resources/Person", { Type: "AWS::IAM::User" }],
  ],
  exposure: [
    ["Peering: is a AWS::EC2::VPCPeer", "Resources/Peering", { Type: "AWS::EC2::VPCPeeringConnection" }],
    ["Route: leads to the whole world", "Resources/Route/Properties/DestinationCidrBlock", "0.0.0.0/1"],
    ["Route: leads to the whole world", "Resources/Route/Properties/DestinationCidrBlock", "10.0.0.0/0"],
    ["Ingress: lets in by address", "Resources/Ingress/Properties/SourceSecurityGroupId", undefined],
    ["Ingress: lets in others than", "Resources/Ingress/Properties/SourceSecurityGroupId", { Ref: "Group" }],
    ["Ingress: lets in to more than one service", "Resources/Ingress/Properties/IpProtocol", "-1"],
    ["Ingress: lets in to more than one service", "Resources/Ingress/Properties/ToPort", 65_535],
    ["Ingress: lets in to more than one service", "Resources/Ingress/Properties/FromPort", undefined],
    ["Cache: is in no security group", "Resources/Cache/Properties/SecurityGroupIds", undefined],
    ["Machine: opens to whoever has a key", "Resources/Machine/Properties/KeyName", "mine"],
    ["Machine: gives its role's keys", "Resources/Machine/Properties/MetadataOptions/HttpTokens", "optional"],
    ["Gateway: is a AWS::EC2::InternetGateway", "Resources/Gateway", { Type: "AWS::EC2::InternetGateway" }],
    ["Url: is a AWS::Lambda::Url", "Resources/Url", { Type: "AWS::Lambda::Url" }],
    ["Subnet: gives out public addresses", "Resources/Subnet/Properties/MapPublicIpOnLaunch", true],
    ["Route: leads to the whole world", "Resources/Route/Properties/DestinationCidrBlock", world],
    ["Egress: lets out to the whole world", "Resources/Egress/Properties/CidrIp", world],
    ["Egress: lets out to the whole world", "Resources/Egress/Properties/CidrIpv6", "::/0"],
    ["Egress: lets out to the whole world", "Resources/Egress/Properties/CidrIp", { "Fn::Sub": world }],
    ["Group: lets in by address", "Resources/Group/Properties/SecurityGroupIngress", [{ CidrIp: world }]],
    ["Group: lets out to the whole world", "Resources/Group/Properties/SecurityGroupEgress", undefined],
    ["Group: lets out to the whole world", "Resources/Group/Properties/SecurityGroupEgress/0/CidrIp", world],
    [
      "Machine: has a public address",
      "Resources/Machine/Properties/NetworkInterfaces/0/AssociatePublicIpAddress",
      true,
    ],
    ['Permission: lets "*" call a function', "Resources/Permission/Properties/Principal", "*"],
    ["Permission: lets", "Resources/Permission/Properties/SourceArn", undefined],
    ["Permission: lets", "Resources/Permission/Properties/SourceArn", "*"],
  ],
  encryption: [
    [
      "TransitEncryptionEnabled is not true",
      "Resources/Cache/Properties/TransitEncryptionEnabled",
      undefined,
    ],
    [
      "TransitEncryptionMode is not required",
      "Resources/Cache/Properties/TransitEncryptionMode",
      "preferred",
    ],
    ["AtRestEncryptionEnabled is not true", "Resources/Cache/Properties/AtRestEncryptionEnabled", false],
    ["no encryption at rest", "Resources/Node", { Type: "AWS::ElastiCache::CacheCluster" }],
    ["Volume: Encrypted is not true", "Resources/Volume/Properties/Encrypted", undefined],
    [
      "Machine: has a disk that is not encrypted",
      "Resources/Machine/Properties/BlockDeviceMappings/0/Ebs/Encrypted",
      false,
    ],
    [
      "Machine: has a disk that is not encrypted",
      "Resources/Machine/Properties/BlockDeviceMappings",
      undefined,
    ],
    ["CacheFunction: takes any certificate", `${variables}/REDIS_TLS_VERIFY`, "false"],
    ["Bucket: lacks BucketEncryption", "Resources/Bucket/Properties/BucketEncryption", undefined],
    [
      "Domain: takes versions of TLS before 1.2",
      "Resources/Domain/Properties/DomainNameConfigurations/0/SecurityPolicy",
      "TLS_1_0",
    ],
    ["CacheFunction: talks to Redis without TLS", `${variables}/REDIS_TLS`, undefined],
    ["CacheFunction: talks to Redis without TLS", `${variables}/REDIS_URL`, "redis://redis"],
  ],
  keeping: [
    ["Cache: DeletionPolicy is Delete, not Snapshot", "Resources/Cache/DeletionPolicy", undefined],
    ["Cache: UpdateReplacePolicy is Delete", "Resources/Cache/UpdateReplacePolicy", undefined],
    ["Volume: DeletionPolicy is Retain, not Snapshot", "Resources/Volume/DeletionPolicy", "Retain"],
    [
      "Serverless: DeletionPolicy is Delete, not Retain",
      "Resources/Serverless/Properties/FinalSnapshotName",
      undefined,
    ],
    ["Serverless: UpdateReplacePolicy is Delete", "Resources/Serverless/UpdateReplacePolicy", "Delete"],
    [
      "Cache: keeps no slow-log",
      "Resources/Cache/Properties/LogDeliveryConfigurations/0/LogType",
      "engine-log",
    ],
    ["Cache: takes no snapshots", "Resources/Cache/Properties/SnapshotRetentionLimit", 0],
    ["CacheLogs: keeps logs forever", "Resources/CacheLogs/Properties/RetentionInDays", undefined],
  ],
  functions: [
    [
      "HealthFunction: shares CacheRole with CacheFunction",
      "Resources/HealthFunction/Properties/Role/Fn::GetAtt/0",
      "CacheRole",
    ],
    [
      "CacheFunction: its role is not of this stack",
      "Resources/CacheFunction/Properties/Role",
      "arn:aws:iam::1:role/x",
    ],
    ["HealthFunction: HealthRole may not ec2:Create", "Resources/HealthFunction/Properties/VpcConfig", {}],
    ["CacheFunction: its code may ec2:CreateNetworkInterface", `${denial}/Effect`, "Allow"],
    ["CacheFunction: its code may ec2:DeleteNetworkInterface", `${denial}/Condition`, undefined],
    ["CacheFunction: CacheRole may not logs:PutLogEvents", `${log}/Action`, ["logs:CreateLogStream"]],
    ["CacheFunction: logs to a group that is not of this stack", "Resources/CacheLogs", undefined],
  ],
  secrets: [
    [".REDIS_PASSWORD: holds a secret", `${variables}/REDIS_PASSWORD`, "hunter2"],
    [".Passwords: holds a secret", "Resources/User/Properties/Passwords", ["hunter2"]],
    ["holds an address with a password", `${variables}/REDIS_URL`, "rediss://app:hunter2@redis"],
    ["holds a password", `${variables}/CONF`, "port 0\nrequirepass hunter2\n"],
    ["holds a private key", `${variables}/KEY`, "-----BEGIN PRIVATE KEY-----"],
    [
      "holds a private JWK",
      `${variables}/KEY`,
      JSON.stringify({ kty: "OKP", d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" }),
    ],
    ["holds a key of AWS'", `${variables}/KEY`, `AKIA${"ABCDEFGHIJKLMNOP"}`],
  ],
};

test("finds no weakness where there is none", () => {
  expect(weaknessesOf(safeTemplate)).toEqual([]);
});

describe.each(Object.entries(WEAKNESSES))("%s", (_, faults) => {
  test.each(faults)("%s", (problem, path, value) => {
    expect(weaknessesOf(withFault(safeTemplate, path, value))).toContainEqual(
      expect.stringContaining(problem),
    );
  });
});

describe("a condition that is decided in the template", () => {
  const isFor = (stage: string) => ({ IsProd: { "Fn::Not": [{ "Fn::Equals": [stage, "dev"] }] } });
  const choosing = withFault(safeTemplate, "Resources/Volume/Properties/Encrypted", {
    "Fn::If": ["IsProd", true, { Ref: "AWS::NoValue" }],
  });
  const url = { Type: "AWS::Lambda::Url", Condition: "IsProd" };

  test("chooses a value", () => {
    expect(weaknessesOf({ ...choosing, Conditions: isFor("prod") })).toEqual([]);
    expect(weaknessesOf({ ...choosing, Conditions: isFor("dev") })).toEqual([
      "Volume: Encrypted is not true",
    ]);
  });

  test("leaves a resource out", () => {
    const template = withFault(safeTemplate, "Resources/Url", url);
    expect(weaknessesOf({ ...template, Conditions: isFor("dev") })).toEqual([]);
    expect(weaknessesOf({ ...template, Conditions: isFor("prod") })).toEqual(["Url: is a AWS::Lambda::Url"]);
  });
});
