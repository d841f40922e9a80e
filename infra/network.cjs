const ref = (name) => ({ Ref: name });
const ids = (text) => (text ? text.split(",") : undefined);

/** By their names, or the first ones of the region. */
const zonesOf = (zones) =>
  typeof zones === "string"
    ? ids(zones)
    : Array.from({ length: zones }, (_, zone) => ({ "Fn::Select": [zone, { "Fn::GetAZs": "" }] }));

/** Where in the network things are: a VPC of our own, one that was given, or none. */
function placesOf({ cache, vpcId, subnetIds, zones }) {
  if (cache === "external") return {};
  if (vpcId) return { vpcId, subnetIds: ids(subnetIds) };
  const subnets = zonesOf(zones).map((_, zone) => ref(`PrivateSubnet${zone + 1}`));
  return { vpcId: ref("Vpc"), subnetIds: subnets, routeTableIds: [ref("PrivateRouteTable")] };
}

/** Private subnets, one a zone. No internet gateway and no NAT gateway: nothing in here talks to the internet. */
function vpcOf({ zones }, name) {
  const Tags = [{ Key: "Name", Value: name }];
  const VpcId = ref("Vpc");
  const subnets = zonesOf(zones).map((AvailabilityZone, zone) => {
    const subnet = `PrivateSubnet${zone + 1}`;
    const CidrBlock = {
      "Fn::Select": [zone, { "Fn::Cidr": [{ "Fn::GetAtt": ["Vpc", "CidrBlock"] }, 3, 12] }],
    };
    return {
      [subnet]: { Type: "AWS::EC2::Subnet", Properties: { VpcId, CidrBlock, AvailabilityZone, Tags } },
      [`${subnet}Routes`]: {
        Type: "AWS::EC2::SubnetRouteTableAssociation",
        Properties: { SubnetId: ref(subnet), RouteTableId: ref("PrivateRouteTable") },
      },
    };
  });
  return Object.assign(
    {
      Vpc: {
        Type: "AWS::EC2::VPC",
        Properties: {
          CidrBlock: "10.42.0.0/16",
          EnableDnsSupport: true,
          EnableDnsHostnames: true,
          Tags,
        },
      },
      PrivateRouteTable: { Type: "AWS::EC2::RouteTable", Properties: { VpcId, Tags } },
    },
    ...subnets,
  );
}

/** Serverless caches answer reads of replicas on a port of their own. */
const lastPort = (cache) => (cache === "serverless" ? 6380 : 6379);
const tcp = (from, to) => ({ IpProtocol: "tcp", FromPort: from, ToPort: to });
/** An empty list would mean that everything is allowed. */
const NOWHERE = [{ IpProtocol: "-1", CidrIp: "127.0.0.1/32", Description: "Nowhere" }];

/** The functions reach the cache's port, and nobody else does. What they may reach is the cache and the endpoints. */
function securityGroupsOf({ cache, endpoints }, VpcId) {
  const toCache = tcp(6379, lastPort(cache));
  const group = (GroupDescription, SecurityGroupEgress) => ({
    Type: "AWS::EC2::SecurityGroup",
    Properties: { GroupDescription, VpcId, SecurityGroupEgress },
  });
  const rule = (direction, on, ports, to, Description) => ({
    Type: `AWS::EC2::SecurityGroup${direction}`,
    Properties: {
      GroupId: ref(on),
      ...ports,
      [direction === "Ingress" ? "SourceSecurityGroupId" : "DestinationSecurityGroupId"]: ref(to),
      Description,
    },
  });
  const https = tcp(443, 443);
  return {
    FunctionsSecurityGroup: group("The functions", NOWHERE),
    CacheSecurityGroup: group("The cache", NOWHERE),
    CacheFromFunctions: rule("Ingress", "CacheSecurityGroup", toCache, "FunctionsSecurityGroup", "Redis"),
    FunctionsToCache: rule("Egress", "FunctionsSecurityGroup", toCache, "CacheSecurityGroup", "Redis"),
    ...(endpoints === "yes" && {
      EndpointsSecurityGroup: group("The VPC endpoints", NOWHERE),
      EndpointsFromFunctions: rule(
        "Ingress",
        "EndpointsSecurityGroup",
        https,
        "FunctionsSecurityGroup",
        "The APIs of AWS",
      ),
      FunctionsToEndpoints: rule(
        "Egress",
        "FunctionsSecurityGroup",
        https,
        "EndpointsSecurityGroup",
        "The APIs of AWS",
      ),
    }),
    ...(endpoints === "no" && {
      FunctionsToApis: {
        Type: "AWS::EC2::SecurityGroupEgress",
        Properties: {
          GroupId: ref("FunctionsSecurityGroup"),
          ...https,
          CidrIp: "0.0.0.0/0",
          Description: "Endpoints of the VPC, whose addresses are not known here",
        },
      },
    }),
  };
}

/** `external` runs outside any VPC without the variables; one without the other is refused by the Serverless CLI. */
function vpcOfFunctions({ cache, ...stack }) {
  if (cache !== "external")
    return {
      securityGroupIds: [ref("FunctionsSecurityGroup")],
      subnetIds: placesOf({ cache, ...stack }).subnetIds,
    };
  const given = {
    securityGroupIds: ids(process.env.VPC_SECURITY_GROUP_IDS),
    subnetIds: ids(process.env.VPC_SUBNET_IDS),
  };
  return given.securityGroupIds || given.subnetIds ? given : null;
}

const stackOf = ({ resolveVariable }) => resolveVariable("self:custom.stack");

exports.places = async (variables) => placesOf(await stackOf(variables));

exports.functions = async (variables) => vpcOfFunctions(await stackOf(variables));

exports.resources = async (variables) => {
  const stack = await stackOf(variables);
  if (stack.cache === "external") return {};
  const name = await variables.resolveVariable("self:custom.name");
  const { vpcId } = placesOf(stack);
  return {
    Resources: { ...(!stack.vpcId && vpcOf(stack, name)), ...securityGroupsOf(stack, vpcId) },
    // Whom endpoints that are there already must admit.
    Outputs: { FunctionsSecurityGroup: { Value: ref("FunctionsSecurityGroup") } },
  };
};
