const { nodesOf } = require("./cache-nodes.cjs");

/** Where a metric comes from: namespace and dimensions, once for each node or function. */
module.exports = {
  nodes: ({ stack, name }) =>
    nodesOf(stack, name).map((node) => ["AWS/ElastiCache", { CacheClusterId: node }]),
  // As `aws cloudwatch list-metrics` has it; ServerlessCacheName, which the CDK says, finds nothing.
  serverlessCache: ({ name }) => [["AWS/ElastiCache", { clusterId: `${name}-serverless` }]],
  machine: () => [["AWS/EC2", { InstanceId: `\${Machine}` }]],
  api: () => [["AWS/ApiGateway", { ApiId: `\${HttpApi}` }]],
  lambda:
    (...functions) =>
    ({ name }) =>
      functions.map((one) => ["AWS/Lambda", { FunctionName: `${name}-${one}` }]),
  /** What a function measures by itself (lib/http/measurements.ts). */
  saidBy:
    (one) =>
    ({ name }) => [["redigate", { service: "redigate", function: `${name}-${one}` }]],
};
