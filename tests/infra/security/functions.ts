import { resourcesNamedIn } from "../validator/references.ts";
import { isRecord, type Problems, resourcesOf, type Template } from "../validator/template.ts";
import { statementsOf } from "./statements.ts";

const INTO_VPC = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DeleteNetworkInterface",
];

/** Functions that share a role, cannot do with it what every function must, or log where nothing is set up. */
export function* checkFunctions(template: Template): Problems {
  const taken = new Map<string, string>();
  const groups = resourcesOf(template, "AWS::Logs::LogGroup").map(
    ({ properties }) => properties.LogGroupName,
  );
  for (const { id, properties } of resourcesOf(template, "AWS::Lambda::Function")) {
    const [role] = resourcesNamedIn(properties.Role, template);
    if (!role) {
      yield `${id}: its role is not of this stack`;
      continue;
    }
    if (taken.has(role)) yield `${id}: shares ${role} with ${taken.get(role)}`;
    taken.set(role, id);

    const statements = statementsOf(template).filter((statement) => statement.id === role);
    const allowed = statements.flatMap(({ effect, actions }) => (effect === "Allow" ? actions : []));
    // Lambda does that with the function's role, but not as the function.
    const denied = statements.flatMap(({ effect, actions, condition }) =>
      effect === "Deny" && JSON.stringify(condition)?.includes("lambda:SourceFunctionArn") ? actions : [],
    );
    const logging = isRecord(properties.LoggingConfig) ? properties.LoggingConfig.LogGroup : undefined;
    const needs = ["logs:CreateLogStream", "logs:PutLogEvents", ...(properties.VpcConfig ? INTO_VPC : [])];
    for (const action of needs) if (!allowed.includes(action)) yield `${id}: ${role} may not ${action}`;
    for (const action of INTO_VPC)
      if (allowed.includes(action) && !denied.includes(action)) yield `${id}: its code may ${action}`;
    if (!logging && !groups.includes(`/aws/lambda/${properties.FunctionName}`))
      yield `${id}: logs to a group that is not of this stack`;
  }
}
