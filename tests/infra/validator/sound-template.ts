import type { Template } from "./template.ts";

const trust = {
  Effect: "Allow",
  Principal: { Service: "lambda.amazonaws.com" },
  Action: "sts:AssumeRole",
  Condition: { "ForAnyValue:StringLikeIfExists": { "aws:SourceArn": "arn:*" } },
};

/** A template with no fault, to put faults into: of every kind of value and function, and with nothing else. */
export const soundTemplate: Template = {
  AWSTemplateFormatVersion: "2010-09-09",
  Parameters: {
    Subnets: { Type: "List<AWS::EC2::Subnet::Id>" },
    Image: { Type: "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", Default: "/aws/service/ami" },
  },
  Mappings: { Sizes: { prod: { Memory: 512 } } },
  Conditions: {
    IsLarge: { "Fn::Equals": [{ Ref: "AWS::Region" }, "us-east-1"] },
    IsMade: { "Fn::Equals": ["a", "a"] },
  },
  Resources: {
    Vpc: { Type: "AWS::EC2::VPC", Condition: "IsMade", Properties: { CidrBlock: "10.0.0.0/16" } },
    Subnet: {
      Type: "AWS::EC2::Subnet",
      Properties: {
        VpcId: { Ref: "Vpc" },
        AvailabilityZone: { "Fn::Select": [0, { "Fn::GetAZs": "" }] },
        CidrBlock: { "Fn::Select": [0, { "Fn::Cidr": [{ "Fn::GetAtt": ["Vpc", "CidrBlock"] }, 3, 8] }] },
      },
    },
    Group: {
      Type: "AWS::EC2::SecurityGroup",
      Properties: {
        GroupDescription: "The cache",
        VpcId: { Ref: "Vpc" },
        Tags: [{ Key: "Name", Value: "cache" }],
      },
    },
    User: {
      Type: "AWS::ElastiCache::User",
      Properties: {
        UserId: "app",
        UserName: "app",
        Engine: "valkey",
        AccessString: "on ~* +@all",
        AuthenticationMode: { Type: "iam" },
      },
    },
    UserGroup: {
      Type: "AWS::ElastiCache::UserGroup",
      DependsOn: "User",
      Properties: { UserGroupId: "apps", Engine: "valkey", UserIds: ["app"] },
    },
    Cache: {
      Type: "AWS::ElastiCache::ServerlessCache",
      DeletionPolicy: "Retain",
      UpdateReplacePolicy: "Retain",
      Properties: {
        Engine: "valkey",
        ServerlessCacheName: "orders",
        UserGroupId: { Ref: "UserGroup" },
        SecurityGroupIds: [{ "Fn::GetAtt": ["Group", "GroupId"] }],
        SubnetIds: { "Fn::If": ["IsLarge", { Ref: "Subnets" }, [{ Ref: "Subnet" }]] },
        SnapshotRetentionLimit: 7,
        CacheUsageLimits: { DataStorage: { Maximum: 10, Unit: "GB" } },
        NetworkType: { "Fn::If": ["IsLarge", "ipv4", { Ref: "AWS::NoValue" }] },
      },
    },
    Role: {
      Type: "AWS::IAM::Role",
      Properties: { AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [trust] } },
    },
    Function: {
      Type: "AWS::Lambda::Function",
      Condition: "IsLarge",
      Properties: {
        Code: { S3Bucket: "bucket", S3Key: "key" },
        Role: { "Fn::GetAtt": "Role.Arn" },
        MemorySize: { "Fn::FindInMap": ["Sizes", "prod", "Memory"] },
        Runtime: "nodejs24.x",
        Timeout: 30,
        PublishToLatestPublished: false,
        Environment: {
          Variables: {
            HOST: { "Fn::Sub": [`\${Cache.Endpoint.Address}:\${port}`, { port: "6379" }] },
            SHELL: `\${HOME} of nobody`,
          },
        },
      },
    },
    Alarm: {
      Type: "AWS::CloudWatch::Alarm",
      Properties: {
        ComparisonOperator: "GreaterThanThreshold",
        EvaluationPeriods: 1,
        Threshold: 0.5,
        Namespace: "AWS/ElastiCache",
        MetricName: "Evictions",
        Dimensions: [{ Name: "CacheClusterId", Value: "orders-001" }],
        Statistic: "Sum",
        AlarmActions: [{ Ref: "Topic" }],
      },
    },
    Topic: { Type: "AWS::SNS::Topic" },
    Rate: {
      Type: "AWS::CloudWatch::Alarm",
      Properties: {
        ComparisonOperator: "GreaterThanThreshold",
        EvaluationPeriods: 5,
        DatapointsToAlarm: 2,
        Threshold: 1,
        TreatMissingData: "notBreaching",
        AlarmActions: [{ Ref: "Topic" }],
        Metrics: [
          ...["5xx", "Count"].map((MetricName, index) => ({
            Id: `m${index + 1}`,
            ReturnData: false,
            MetricStat: {
              Period: 60,
              Stat: "Sum",
              Metric: {
                Namespace: "AWS/ApiGateway",
                MetricName,
                Dimensions: [{ Name: "ApiId", Value: "api" }],
              },
            },
          })),
          { Id: "all", Expression: "100 * m1 / m2" },
        ],
      },
    },
    Dashboard: {
      Type: "AWS::CloudWatch::Dashboard",
      Properties: {
        DashboardName: "orders",
        DashboardBody: {
          "Fn::Sub": `{"widgets":[{"properties":{"metrics":[["AWS/EC2","CPUUtilization","InstanceId","\${Instance}",{"stat":"Maximum"}]]}}]}`,
        },
      },
    },
    Instance: {
      Type: "AWS::EC2::Instance",
      Properties: {
        ImageId: { Ref: "Image" },
        UserData: { "Fn::Base64": { "Fn::Join": ["\n", ["#!/bin/sh"]] } },
      },
    },
  },
  Outputs: {
    Network: { Value: { Ref: "Vpc" } },
    Address: { Value: { "Fn::GetAtt": ["Cache", "Endpoint.Address"] }, Export: { Name: "address" } },
  },
};
