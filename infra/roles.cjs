const { allow, duties, own, signIn, statementsFor } = require("./access.cjs");
const { functions, idOf } = require("./functions.cjs");
const { arns } = require("./warm-targets.cjs");

/** What each function may do beside its log; who is here only by name uses nothing of AWS. */
const NEEDS = {
  cache: ["redis"],
  health: ["redis"],
  leaderboards: ["redis"],
  likes: ["redis"],
  locks: ["redis"],
  openapi: [],
  ops: ["redis", "duties"],
  sentry: ["redis", "duties"],
  sessions: ["redis"],
  tokens: ["redis"],
  warmer: ["invoke"],
};

/** Its own log, and traces, which belong to nothing that an ARN could name. */
const telling = (functionName) => [
  allow(
    ["logs:CreateLogStream", "logs:PutLogEvents"],
    [own("logs", `log-group:/aws/lambda/${functionName}:*`)],
  ),
  allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
];

const INTERFACES = ["CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces"].map(
  (action) => `ec2:${action}`,
);

/** Lambda itself joins the network with the function's role, before it knows an ARN; the function's code may not. */
const joiningTheNetwork = (functionName) => [
  allow(
    [...INTERFACES, "ec2:AssignPrivateIpAddresses", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"],
    ["*"],
  ),
  {
    Effect: "Deny",
    Action: INTERFACES,
    Resource: ["*"],
    Condition: {
      ArnEquals: {
        "lambda:SourceFunctionArn": own("lambda", `function:${functionName}`),
      },
    },
  },
];

function signingIn(name, { stack, stackName, settings }) {
  if (stack.cache === "external") return statementsFor(process.env);
  const who = NEEDS[name].includes("duties") ? "ops" : "functions";
  const secret = stack.isManaged ? undefined : { Ref: who === "ops" ? "OpsPassword" : "FunctionsPassword" };
  return signIn({ cache: stack.cache, id: settings.ELASTICACHE_ID, user: `${stackName}-${who}`, secret });
}

function statementsOf(name, context) {
  const needs = NEEDS[name];
  if (!needs) throw new Error(`functions/${name}: infra/roles.cjs does not say what it may do`);
  const functionName = `${context.stackName}-${name}`;
  const usesRedis = needs.includes("redis");
  return [
    ...telling(functionName),
    ...(usesRedis && context.vpc ? joiningTheNetwork(functionName) : []),
    ...(usesRedis ? signingIn(name, context) : []),
    ...(needs.includes("duties") ? duties(name, context.settings.ELASTICACHE_ID) : []),
    ...(needs.includes("invoke") ? [allow(["lambda:InvokeFunction"], context.warmed)] : []),
  ];
}

const roleOf = (name, statements) => ({
  Type: "AWS::IAM::Role",
  Properties: {
    AssumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
      ],
    },
    Policies: [{ PolicyName: name, PolicyDocument: { Version: "2012-10-17", Statement: statements } }],
  },
});

/** One role for each function, with what that function does and nothing else. */
exports.resources = async ({ resolveVariable, ...rest }) => {
  const [stack, stackName, settings, vpc, warmed] = await Promise.all([
    resolveVariable("self:custom.stack"),
    resolveVariable("self:custom.name"),
    resolveVariable("self:custom.redis"),
    resolveVariable("file(infra/network.cjs):functions, null"),
    arns({ resolveVariable, ...rest }),
  ]);
  const context = { stack, stackName, settings, vpc, warmed };
  return {
    Resources: Object.fromEntries(
      functions.map((name) => [idOf(name, "Role"), roleOf(name, statementsOf(name, context))]),
    ),
  };
};
