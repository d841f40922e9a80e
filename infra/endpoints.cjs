const { ELASTICACHE_ACTIONS } = require("./access.cjs");

const ref = (name) => ({ Ref: name });
const sub = (text) => ({ "Fn::Sub": text });

/**
 * Why each is here, and what goes through it. What needs none: logs and EMF metrics, which Lambda itself carries away;
 * signing in with IAM, which is arithmetic; invoking functions, which the warmer does outside the VPC.
 */
const SERVICES = {
  elasticache: {
    why: "`ops` and `sentry` ask ElastiCache about nodes and snapshots",
    actions: ELASTICACHE_ACTIONS,
  },
  secretsmanager: {
    why: "functions and machine read the passwords",
    actions: ["secretsmanager:GetSecretValue"],
  },
  ssm: { why: "a person opens a session on the machine", actions: ["ssm:UpdateInstanceInformation"] },
  ssmmessages: {
    why: "a person opens a session on the machine",
    actions: ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"].map(
      (action) => `ssmmessages:${action}`,
    ),
  },
};

function servicesOf({ cache, shell }) {
  if (cache === "external") return [];
  if (cache !== "self-managed") return ["elasticache"];
  return ["secretsmanager", ...(shell === "yes" ? ["ssm", "ssmmessages"] : [])];
}

/** Each costs by the zone: one serves all zones, and where a single node is enough one endpoint is too. */
function interfaceEndpoint(service, { cache }, { vpcId, subnetIds }) {
  const isSmall = cache === "node" || cache === "self-managed";
  return {
    Type: "AWS::EC2::VPCEndpoint",
    Metadata: { Why: SERVICES[service].why },
    Properties: {
      VpcEndpointType: "Interface",
      ServiceName: sub(`com.amazonaws.\${AWS::Region}.${service}`),
      VpcId: vpcId,
      SubnetIds: isSmall ? subnetIds.slice(0, 1) : subnetIds,
      SecurityGroupIds: [ref("EndpointsSecurityGroup")],
      PrivateDnsEnabled: true,
      PolicyDocument: ofThisAccount(service),
    },
  };
}

/** What a role may do is for the role to say; here, that no other account's credentials get in or out. */
function ofThisAccount(service) {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: "*",
        Action: SERVICES[service].actions,
        Resource: "*",
        Condition: { StringEquals: { "aws:PrincipalAccount": ref("AWS::AccountId") } },
      },
    ],
  };
}

/** The packages of Amazon Linux are in S3, and a gateway to S3 costs nothing: so the machine needs no NAT gateway. */
function packageRepositories({ vpcId, routeTableIds }) {
  return {
    Type: "AWS::EC2::VPCEndpoint",
    Metadata: { Why: "the machine installs packages of Amazon Linux" },
    Properties: {
      VpcEndpointType: "Gateway",
      ServiceName: sub(`com.amazonaws.\${AWS::Region}.s3`),
      VpcId: vpcId,
      RouteTableIds: routeTableIds,
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: "*",
            Action: "s3:GetObject",
            Resource: sub(`arn:\${AWS::Partition}:s3:::al2023-repos-\${AWS::Region}-de612dc2/*`),
          },
        ],
      },
    },
  };
}

const idOf = (service) => `${service[0].toUpperCase()}${service.slice(1)}Endpoint`;

module.exports = async ({ resolveVariable }) => {
  const stack = await resolveVariable("self:custom.stack");
  const places = await resolveVariable("file(infra/network.cjs):places");
  if (stack.endpoints === "no") return {};
  const interfaces = servicesOf(stack).map((service) => [
    idOf(service),
    interfaceEndpoint(service, stack, places),
  ]);
  const machineRule = {
    Type: "AWS::EC2::SecurityGroupIngress",
    Properties: {
      GroupId: ref("EndpointsSecurityGroup"),
      ...{ IpProtocol: "tcp", FromPort: 443, ToPort: 443 },
      SourceSecurityGroupId: ref("MachineSecurityGroup"),
      Description: "The machine",
    },
  };
  const isSelfManaged = stack.cache === "self-managed";
  const needsPackages = isSelfManaged && places.routeTableIds;
  return {
    Resources: {
      ...Object.fromEntries(interfaces),
      ...(isSelfManaged && { EndpointsFromMachine: machineRule }),
      ...(needsPackages && { PackagesEndpoint: packageRepositories(places) }),
    },
  };
};
