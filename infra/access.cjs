const own = (service, resource) => ({
  "Fn::Sub": `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`,
});

/** What the functions' role may do in AWS: nothing, but where a setting needs it. */
exports.statementsFor = (env) => {
  const { REDIS_URL = "", REDIS_HOST, REDIS_NODES, REDIS_SECRET_ARN = "" } = env;
  const id = (env.ELASTICACHE_ID ?? "").toLowerCase();
  const group = own("elasticache", `replicationgroup:${id}`);
  const serverless = own("elasticache", `serverlesscache:${id}`);
  const fromUrl = URL.canParse(REDIS_URL) && decodeURIComponent(new URL(REDIS_URL).username);
  const user = own("elasticache", `user:${fromUrl || env.REDIS_USERNAME}`);
  const isFoundByName = id && !REDIS_URL && !REDIS_HOST && !REDIS_NODES;
  // A bare name is not the end of a secret's ARN: six characters follow.
  const secret = REDIS_SECRET_ARN.startsWith("arn:")
    ? REDIS_SECRET_ARN
    : own("secretsmanager", `secret:${REDIS_SECRET_ARN}-??????`);
  const allowed = [
    env.REDIS_IAM === "true" && ["elasticache:Connect", group, serverless, user],
    isFoundByName && ["elasticache:DescribeReplicationGroups", group],
    isFoundByName && ["elasticache:DescribeServerlessCaches", serverless],
    REDIS_SECRET_ARN && ["secretsmanager:GetSecretValue", secret],
  ];
  return allowed
    .filter(Boolean)
    .map(([action, ...resources]) => ({ Effect: "Allow", Action: [action], Resource: resources }));
};

exports.statements = exports.statementsFor(process.env);
