import type { Template } from "../validator/template.ts";

const statement = (Action: string | string[], Resource: unknown) => ({ Effect: "Allow", Action, Resource });
const account = `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}`;

const role = (statements: object[]) => ({
  Type: "AWS::IAM::Role",
  Properties: {
    AssumeRolePolicyDocument: {
      Statement: [
        { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
      ],
    },
    Policies: [{ PolicyName: "own", PolicyDocument: { Statement: statements } }],
  },
});

/** A template with no weakness, to put weaknesses into. */
export const safeTemplate: Template = {
  Resources: {
    Subnet: { Type: "AWS::EC2::Subnet", Properties: {} },
    Route: { Type: "AWS::EC2::Route", Properties: { DestinationCidrBlock: "10.1.0.0/16" } },
    Group: {
      Type: "AWS::EC2::SecurityGroup",
      Properties: { SecurityGroupIngress: [], SecurityGroupEgress: [{ CidrIp: "127.0.0.1/32" }] },
    },
    FunctionsGroup: {
      Type: "AWS::EC2::SecurityGroup",
      Properties: { SecurityGroupEgress: [{ CidrIp: "127.0.0.1/32" }] },
    },
    Ingress: {
      Type: "AWS::EC2::SecurityGroupIngress",
      Properties: {
        GroupId: { Ref: "Group" },
        SourceSecurityGroupId: { Ref: "FunctionsGroup" },
        IpProtocol: "tcp",
        FromPort: 6379,
        ToPort: 6380,
      },
    },
    Egress: { Type: "AWS::EC2::SecurityGroupEgress", Properties: { CidrIp: "10.0.0.0/8" } },
    Cache: {
      Type: "AWS::ElastiCache::ReplicationGroup",
      DeletionPolicy: "Snapshot",
      UpdateReplacePolicy: "Snapshot",
      Properties: {
        TransitEncryptionEnabled: true,
        TransitEncryptionMode: "required",
        AtRestEncryptionEnabled: true,
        SnapshotRetentionLimit: 7,
        SecurityGroupIds: [{ Ref: "Group" }],
        UserGroupIds: ["users"],
        LogDeliveryConfigurations: [{ LogType: "slow-log" }, { LogType: "engine-log" }],
      },
    },
    Serverless: {
      Type: "AWS::ElastiCache::ServerlessCache",
      DeletionPolicy: "Delete",
      UpdateReplacePolicy: "Retain",
      Properties: {
        SnapshotRetentionLimit: 7,
        FinalSnapshotName: "last",
        SecurityGroupIds: [{ Ref: "Group" }],
        UserGroupId: "users",
      },
    },
    Volume: {
      Type: "AWS::EC2::Volume",
      DeletionPolicy: "Snapshot",
      UpdateReplacePolicy: "Snapshot",
      Properties: { Encrypted: true },
    },
    Machine: {
      Type: "AWS::EC2::Instance",
      Properties: {
        MetadataOptions: { HttpTokens: "required" },
        BlockDeviceMappings: [{ Ebs: { Encrypted: true } }],
        NetworkInterfaces: [{ AssociatePublicIpAddress: false }],
      },
    },
    User: {
      Type: "AWS::ElastiCache::User",
      Properties: {
        Passwords: ["{{resolve:secretsmanager:redis}}"],
        AuthenticationMode: { Type: "password" },
        AccessString: "on ~* -@all +get (%R~* +config|get)",
      },
    },
    Bucket: { Type: "AWS::S3::Bucket", Properties: { BucketEncryption: {} } },
    Domain: {
      Type: "AWS::ApiGatewayV2::DomainName",
      Properties: { DomainNameConfigurations: [{ SecurityPolicy: "TLS_1_2" }] },
    },
    Endpoint: {
      Type: "AWS::EC2::VPCEndpoint",
      Properties: {
        PolicyDocument: {
          Statement: [
            {
              ...statement("elasticache:Connect", "*"),
              Principal: "*",
              Condition: { StringEquals: { "aws:PrincipalAccount": { Ref: "AWS::AccountId" } } },
            },
          ],
        },
      },
    },
    CacheRole: role([
      statement(["logs:CreateLogStream", "logs:PutLogEvents"], { "Fn::Sub": `${account}:log-group:/x:*` }),
      statement(
        ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"],
        "*",
      ),
      { Effect: "Deny", Action: "s3:*", Resource: "*" },
      {
        Effect: "Deny",
        Action: ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"],
        Resource: "*",
        Condition: { ArnEquals: { "lambda:SourceFunctionArn": "arn:aws:lambda:::function:cache" } },
      },
    ]),
    HealthRole: role([statement(["logs:CreateLogStream", "logs:PutLogEvents"], `${account}:log-group:/y:*`)]),
    CacheFunction: {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName: "cache",
        Role: { "Fn::GetAtt": ["CacheRole", "Arn"] },
        VpcConfig: { SecurityGroupIds: [{ Ref: "FunctionsGroup" }] },
        TracingConfig: { Mode: "Active" },
        Environment: {
          Variables: {
            REDIS_HOST: { "Fn::GetAtt": "Cache.PrimaryEndPoint.Address" },
            REDIS_TLS: "true",
            REDIS_PASSWORD: "",
          },
        },
      },
    },
    HealthFunction: {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName: "health",
        Role: { "Fn::GetAtt": ["HealthRole", "Arn"] },
        TracingConfig: { Mode: "Active" },
      },
    },
    CacheLogs: {
      Type: "AWS::Logs::LogGroup",
      Properties: { LogGroupName: "/aws/lambda/cache", RetentionInDays: 14 },
    },
    HealthLogs: {
      Type: "AWS::Logs::LogGroup",
      Properties: { LogGroupName: "/aws/lambda/health", RetentionInDays: 14 },
    },
    Stage: {
      Type: "AWS::ApiGatewayV2::Stage",
      Properties: {
        AccessLogSettings: { DestinationArn: { "Fn::GetAtt": ["CacheLogs", "Arn"] } },
        DefaultRouteSettings: { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 50 },
      },
    },
    Permission: {
      Type: "AWS::Lambda::Permission",
      Properties: { Principal: "apigateway.amazonaws.com", SourceArn: "arn:aws:execute-api:x" },
    },
  },
};
