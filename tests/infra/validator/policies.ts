import { isCall } from "./intrinsics.ts";
import { isRecord, type Problems, type Template } from "./template.ts";

const PARTS = ["Version", "Id", "Statement"];
const VERSIONS = ["2012-10-17", "2008-10-17"];
const STATEMENT_PARTS = [
  ...["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"],
  "Condition",
];
const OPERATOR =
  /^(For(AllValues|AnyValue):)?(String(Not)?(Equals|Like|EqualsIgnoreCase)|(Numeric|Date)((Not)?Equals|(Less|Greater)Than(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like)|Null)(IfExists)?$/;

/** What IAM refuses of a policy; to the specification any JSON is one. */
export function* checkPolicies(template: Template): Problems {
  for (const [id, { Properties }] of Object.entries(template.Resources))
    yield* checkWithin(`Resources.${id}.Properties`, Properties);
}

function* checkWithin(path: string, value: unknown): Problems {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name.endsWith("PolicyDocument")) yield* checkDocument(`${path}.${name}`, inner);
    else yield* checkWithin(`${path}.${name}`, inner);
  }
}

function* checkDocument(path: string, document: unknown): Problems {
  if (!isRecord(document)) return yield `${path}: is no policy`;
  for (const part of Object.keys(document)) if (!PARTS.includes(part)) yield `${path}.${part}: is unknown`;
  const { Version = VERSIONS[0], Statement } = document;
  if (!VERSIONS.includes(String(Version))) yield `${path}.Version: must be ${VERSIONS.join(" or ")}`;
  if (Statement === undefined) yield `${path}: lacks Statement`;
  for (const [index, statement] of [Statement ?? []].flat().entries())
    yield* checkStatement(`${path}.Statement.${index}`, statement);
}

function* checkStatement(path: string, statement: unknown): Problems {
  if (!isRecord(statement)) return yield `${path}: is no statement`;
  for (const part of Object.keys(statement))
    if (!STATEMENT_PARTS.includes(part)) yield `${path}.${part}: is unknown`;
  const { Effect, Action, NotAction, Resource, NotResource, Principal, NotPrincipal, Condition } = statement;
  if (Effect !== "Allow" && Effect !== "Deny") yield `${path}.Effect: must be Allow or Deny`;
  if ((Action ?? NotAction) === undefined) yield `${path}: lacks Action`;
  if ((Resource ?? NotResource ?? Principal ?? NotPrincipal) === undefined) yield `${path}: lacks Resource`;
  for (const action of [Action ?? NotAction ?? []].flat())
    if (isCall(action) || !/^(\*|[a-z][a-z0-9-]*:[\w*?]+)$/.test(String(action)))
      yield `${path}.Action: ${JSON.stringify(action)} is no action`;
  for (const resource of [Resource ?? NotResource ?? []].flat())
    if (!isText(resource)) yield `${path}.Resource: ${JSON.stringify(resource)} is no resource`;
  for (const principal of [Principal ?? NotPrincipal ?? "*"])
    if (principal !== "*" && !isOf(principal, PRINCIPALS)) yield `${path}.Principal: is nobody`;
  for (const [operator, keys] of isRecord(Condition) ? Object.entries(Condition) : [])
    if (!OPERATOR.test(operator)) yield `${path}.Condition: ${operator} is no operator`;
    else if (!isOf(keys, /^[a-z0-9-]+:[\w/:.-]+$/i)) yield `${path}.Condition.${operator}: compares nothing`;
}

const PRINCIPALS = /^(AWS|Service|Federated|CanonicalUser)$/;
const isText = (value: unknown) => ["string", "boolean"].includes(typeof value) || isCall(value);

/** Texts by keys of some form. */
function isOf(value: unknown, form: RegExp): boolean {
  if (!isRecord(value)) return false;
  const isRight = ([key, texts]: [string, unknown]) => form.test(key) && [texts].flat().every(isText);
  return Object.keys(value).length > 0 && Object.entries(value).every(isRight);
}
