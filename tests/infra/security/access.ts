import type { Problems, Template } from "../validator/template.ts";
import { resourcesOf } from "../validator/template.ts";
import { type Statement, statementsOf, textOf, trustOf } from "./statements.ts";

/** Actions that AWS lets nobody narrow to a resource, and who needs them. */
const WITHOUT_RESOURCE: Readonly<Record<string, string>> = {
  "ec2:CreateNetworkInterface": "Lambda puts a function into the VPC",
  "ec2:DescribeNetworkInterfaces": "Lambda puts a function into the VPC",
  "ec2:DescribeSubnets": "Lambda puts a function into the VPC",
  "ec2:DeleteNetworkInterface": "Lambda takes it out again",
  "ec2:AssignPrivateIpAddresses": "Lambda puts a function into the VPC",
  "ec2:UnassignPrivateIpAddresses": "Lambda takes it out again",
  "xray:PutTraceSegments": "X-Ray has no resources",
  "xray:PutTelemetryRecords": "X-Ray has no resources",
  "ec2:DescribeInstances": "a list, for the daily snapshot of the volume",
  "ec2:DescribeSnapshots": "a list, for the daily snapshot of the volume",
  "ec2:DescribeVolumes": "a list, for the daily snapshot of the volume",
  "elasticache:DescribeEvents": "events belong to nothing that has an ARN",
  "ssm:UpdateInstanceInformation": "Session Manager",
  "ssmmessages:CreateControlChannel": "Session Manager",
  "ssmmessages:CreateDataChannel": "Session Manager",
  "ssmmessages:OpenControlChannel": "Session Manager",
  "ssmmessages:OpenDataChannel": "Session Manager",
};

/** Parts of an ARN that nobody knows before they are made. */
const UNKNOWN_PARTS = [
  { ending: /:log-group:[^*]+:\*$/, why: "the streams of one log group" },
  { ending: /:secret:[^*?]+-\?{6}$/, why: "Secrets Manager ends every name with six characters of its own" },
  { ending: /:s3:::[^*]+\/\*$/, why: "the objects of one bucket" },
  { ending: /:elasticache:[^*]+:cluster:[^*:]+-\*$/, why: "ElastiCache numbers the nodes of a cache" },
  {
    ending: /:(serverlesscache)?snapshot:[^*:]+-\*$/,
    why: "a snapshot is named after its cache and its time",
  },
  { ending: /:ec2:[^*]+::snapshot\/\*$/, why: "EC2 names the snapshots of a volume" },
  { ending: /:(serverlesscache)?snapshot:\*$/, why: "those that AWS takes are named by AWS" },
];

/** The packages of Amazon Linux, which anybody reads without signing. */
const PUBLIC = /:s3:::al2023-repos-[^*]+\/\*$/;

/** Permissions that are wider than what they are for. */
export function* checkAccess(template: Template): Problems {
  for (const statement of statementsOf(template).filter(({ effect }) => effect !== "Deny")) {
    const { id, actions, isNegated, isIdentity } = statement;
    if (isNegated) yield `${id}: allows all but what it names`;
    for (const action of actions) if (action.includes("*")) yield `${id}: allows ${action}`;
    yield* isIdentity ? checkResources(statement) : checkPrincipal(statement);
  }
  for (const { id, principal, actions } of trustOf(template)) {
    const services = Object.keys(principal ?? {}).filter((kind) => kind !== "Service");
    if (typeof principal !== "object" || services.length > 0 || actions.join() !== "sts:AssumeRole")
      yield `${id}: may be taken on by ${JSON.stringify(principal)}`;
  }
  for (const { id, properties } of resourcesOf(template, "AWS::IAM::Role"))
    for (const policy of [properties.ManagedPolicyArns ?? []].flat())
      yield `${id}: has what ${textOf(policy)} allows, which is not written here`;
}

function* checkResources({ id, actions, resources }: Statement): Problems {
  for (const resource of resources.map(textOf)) {
    if (resource === "*") {
      for (const action of actions)
        if (!(action in WITHOUT_RESOURCE)) yield `${id}: allows ${action} on everything`;
    } else if (/[*?]/.test(resource) && !UNKNOWN_PARTS.some(({ ending }) => ending.test(resource))) {
      yield `${id}: allows ${actions} on ${resource}`;
    }
  }
  if (resources.length === 0) yield `${id}: allows ${actions} on nothing that it says`;
}

/** A policy on a resource lets in services of AWS', and of callers those of this account, or those who want little. */
function* checkPrincipal({ id, principal, condition, resources }: Statement): Problems {
  const isAnybody = JSON.stringify(principal)?.includes('"*"') ?? true;
  const ours = /"aws:(PrincipalAccount|SourceAccount|SourceArn|PrincipalOrgID)":/;
  const isPublic = resources.length > 0 && resources.map(textOf).every((text) => PUBLIC.test(text));
  if (isAnybody && !isPublic && !ours.test(JSON.stringify(condition) ?? "")) yield `${id}: lets anybody in`;
}
