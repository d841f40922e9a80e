import { resourcesNamedIn } from "../validator/references.ts";
import { isRecord, type Problems, resourcesOf, type Template } from "../validator/template.ts";
import { textOf } from "./statements.ts";

/** What is not to be in a stack whose network has no way in or out. */
const FORBIDDEN = [
  "AWS::EC2::CarrierGateway",
  "AWS::EC2::ClientVpnEndpoint",
  "AWS::EC2::EgressOnlyInternetGateway",
  "AWS::EC2::EIP",
  "AWS::EC2::InternetGateway",
  "AWS::EC2::NatGateway",
  "AWS::EC2::TransitGatewayAttachment",
  "AWS::EC2::VPCEndpointService",
  "AWS::EC2::VPCGatewayAttachment",
  "AWS::EC2::VPCPeeringConnection",
  "AWS::EC2::VPNGateway",
  "AWS::ElasticLoadBalancingV2::LoadBalancer",
  "AWS::Lambda::Url",
];
/** Of those that lead to the whole world: what the whole world is there. */
const NARROWED: Readonly<Record<string, string>> = {
  FunctionsToApis: "endpoints that somebody else made, whose addresses this stack does not know",
  MachineSecurityGroup:
    "endpoints, of which S3's has addresses that no template knows; no route leads elsewhere",
};
const CACHES = ["AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache"];
/** One service; serverless caches have two ports. */
const MOST_PORTS = 2;

type Properties = Readonly<Record<string, unknown>>;

/** What can be reached from outside of the VPC, other than the API, and from where the cache can be. */
export function* checkExposure(template: Template): Problems {
  for (const { id, type } of resourcesOf(template, ...FORBIDDEN)) yield `${id}: is a ${type}`;
  for (const { id, properties } of resourcesOf(template, "AWS::EC2::Subnet"))
    if (properties.MapPublicIpOnLaunch === true) yield `${id}: gives out public addresses`;
  for (const { id, properties } of resourcesOf(template, "AWS::EC2::Route"))
    if (isWorld(properties)) yield `${id}: leads to the whole world`;
  yield* checkMachines(template);
  yield* checkIngress(template);
  yield* checkEgress(template);
  yield* checkInvocations(template);
}

function* checkMachines(template: Template): Problems {
  for (const { id, properties } of resourcesOf(template, "AWS::EC2::Instance", "AWS::EC2::LaunchTemplate"))
    if (JSON.stringify(properties).includes('"AssociatePublicIpAddress":true'))
      yield `${id}: has a public address`;
  for (const { id, properties } of resourcesOf(template, "AWS::EC2::Instance")) {
    if (properties.KeyName) yield `${id}: opens to whoever has a key`;
    const templates = resourcesNamedIn(properties.LaunchTemplate, template);
    const text = JSON.stringify([properties, ...templates.map((name) => template.Resources[name])]);
    if (!text.includes('"HttpTokens":"required"')) yield `${id}: gives its role's keys to any request`;
  }
}

/** Nobody is let in by an address: groups let in groups, to one service, and a cache lets in functions only. */
function* checkIngress(template: Template): Problems {
  const caches = resourcesOf(template, ...CACHES);
  for (const { id, properties } of caches)
    if ([properties.SecurityGroupIds ?? []].flat().length === 0) yield `${id}: is in no security group`;
  const ofCaches = caches.flatMap(({ properties }) =>
    resourcesNamedIn(properties.SecurityGroupIds, template),
  );
  const ofFunctions = resourcesOf(template, "AWS::Lambda::Function").flatMap(({ properties }) =>
    resourcesNamedIn(properties.VpcConfig, template),
  );
  const inner = resourcesOf(template, "AWS::EC2::SecurityGroup").flatMap(({ id, properties }) =>
    [properties.SecurityGroupIngress ?? []]
      .flat()
      .map((rule) => ({ id, group: [id], rule: rule as Properties })),
  );
  const outer = resourcesOf(template, "AWS::EC2::SecurityGroupIngress").map(({ id, properties }) => ({
    id,
    group: resourcesNamedIn(properties.GroupId, template),
    rule: properties,
  }));
  for (const { id, group, rule } of [...inner, ...outer]) {
    const { SourceSecurityGroupId, IpProtocol, FromPort, ToPort } = rule;
    if (!SourceSecurityGroupId) yield `${id}: lets in by address`;
    if (IpProtocol !== "tcp" || !(Number(ToPort) - Number(FromPort) < MOST_PORTS))
      yield `${id}: lets in to more than one service`;
    const sources = resourcesNamedIn(SourceSecurityGroupId, template);
    if (group.some((name) => ofCaches.includes(name)) && !sources.some((name) => ofFunctions.includes(name)))
      yield `${id}: lets in others than functions`;
  }
}

function* checkEgress(template: Template): Problems {
  for (const { id, properties } of resourcesOf(template, "AWS::EC2::SecurityGroupEgress"))
    if (isWorld(properties) && !(id in NARROWED)) yield `${id}: lets out to the whole world`;
  for (const { id, properties } of resourcesOf(template, "AWS::EC2::SecurityGroup")) {
    // Without a rule EC2 makes one, for everything.
    const out = [properties.SecurityGroupEgress ?? []].flat();
    if (!(id in NARROWED) && (out.length === 0 || out.some(isWorld)))
      yield `${id}: lets out to the whole world`;
  }
}

/** Only services of AWS' call functions, each on behalf of something that is named. */
function* checkInvocations(template: Template): Problems {
  for (const { id, properties } of resourcesOf(template, "AWS::Lambda::Permission")) {
    const { Principal, SourceArn } = properties;
    const isService = typeof Principal === "string" && Principal.endsWith(".amazonaws.com");
    const isNamed = /^arn:|^\$\{/.test(textOf(SourceArn));
    if (!isService || !isNamed) yield `${id}: lets ${JSON.stringify(Principal)} call a function`;
  }
}

/** Any range of addresses that is not, as it is written, one of a private network. */
function isWorld(rule: unknown): boolean {
  if (!isRecord(rule)) return false;
  const { CidrIp, CidrIpv6, DestinationCidrBlock, DestinationIpv6CidrBlock } = rule;
  return [CidrIp, CidrIpv6, DestinationCidrBlock, DestinationIpv6CidrBlock].some(
    (range) => range !== undefined && !PRIVATE.test(textOf(range)),
  );
}

const PRIVATE =
  /^((10|127)\.[\d.]+\/([89]|[12]\d|3[0-2])|192\.168\.[\d.]+\/(1[6-9]|2\d|3[0-2])|172\.(1[6-9]|2\d|3[01])\.[\d.]+\/(1[2-9]|2\d|3[0-2])|fd[\da-f:]+\/(\d\d|1[01]\d|12[0-8]))$/i;
