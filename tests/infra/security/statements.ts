import { isRecord, resourcesOf, type Template } from "../validator/template.ts";

export interface Statement {
  /** Where it is: a role that may do something, or a resource that lets somebody. */
  readonly id: string;
  readonly isIdentity: boolean;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
  readonly principal: unknown;
  readonly condition: unknown;
  readonly isNegated: boolean;
}

const IDENTITIES = [
  "Role",
  "RolePolicy",
  "Policy",
  "ManagedPolicy",
  "Group",
  "GroupPolicy",
  "User",
  "UserPolicy",
].map((kind) => `AWS::IAM::${kind}`);
const RESOURCES = [
  "AWS::EC2::VPCEndpoint",
  "AWS::KMS::Key",
  "AWS::S3::BucketPolicy",
  "AWS::SNS::TopicPolicy",
  "AWS::SNS::TopicInlinePolicy",
  "AWS::SQS::QueuePolicy",
  "AWS::SecretsManager::ResourcePolicy",
  "AWS::Logs::ResourcePolicy",
];

/** Every statement of every policy, apart from those that say who may take on a role. */
export function statementsOf(template: Template): Statement[] {
  const of = (types: readonly string[], isIdentity: boolean) =>
    resourcesOf(template, ...types).flatMap(({ id, properties: { AssumeRolePolicyDocument: _, ...rest } }) =>
      findStatements(rest).map((statement) => describe(id, isIdentity, statement)),
    );
  return [...of(IDENTITIES, true), ...of(RESOURCES, false)];
}

/** Who may take on a role. */
export function trustOf(template: Template): Statement[] {
  return resourcesOf(template, "AWS::IAM::Role").flatMap(({ id, properties }) =>
    findStatements(properties.AssumeRolePolicyDocument).map((statement) => describe(id, false, statement)),
  );
}

function findStatements(value: unknown): Readonly<Record<string, unknown>>[] {
  if (typeof value !== "object" || value === null) return [];
  if (isRecord(value) && "Effect" in value) return [value];
  return Object.values(value).flatMap(findStatements);
}

function describe(id: string, isIdentity: boolean, statement: Readonly<Record<string, unknown>>): Statement {
  const { Effect, Action = [], Resource = [], Principal, Condition } = statement;
  return {
    id,
    isIdentity,
    effect: String(Effect),
    actions: [Action].flat().map(String),
    resources: [Resource].flat(),
    principal: Principal,
    condition: Condition,
    isNegated: ["NotAction", "NotResource", "NotPrincipal"].some((name) => name in statement),
  };
}

/** The text of an ARN, with what CloudFormation puts into it left as it is written; `*` is what could be anything. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (!isRecord(value)) return value === undefined ? "" : "*";
  const { Ref, "Fn::Sub": sub, "Fn::Join": join, "Fn::GetAtt": attribute } = value;
  if (Array.isArray(join)) return [join[1]].flat().map(textOf).join(String(join[0]));
  if (typeof sub === "string") return sub;
  if (Array.isArray(sub)) return withOwn(String(sub[0]), sub[1]);
  if (Ref !== undefined) return `\${${Ref}}`;
  return attribute === undefined ? "*" : `\${${[attribute].flat().join(".")}}`;
}

const withOwn = (text: string, own: unknown) =>
  text.replace(/\$\{(\w+)\}/g, (mark, name) => (isRecord(own) && name in own ? textOf(own[name]) : mark));
