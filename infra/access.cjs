/** Something of this account and region. */
const own = (service, resource) => ({
  "Fn::Sub": `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`,
});

const allow = (actions, resources) => ({ Effect: "Allow", Action: actions, Resource: resources });

/** What may be asked of a cache, and the kinds of things that it concerns; `<id>` is the cache's. */
const LOOKING = {
  // The first two find out which kind of cache an id is, so both are asked.
  DescribeReplicationGroups: ["replicationgroup:<id>"],
  DescribeServerlessCaches: ["serverlesscache:<id>"],
  DescribeCacheClusters: ["cluster:<id>-*"],
  DescribeUpdateActions: ["replicationgroup:<id>", "cluster:<id>-*"],
  // Those that AWS takes begin with "automatic", so a narrower name would hide them.
  DescribeSnapshots: ["snapshot:*", "replicationgroup:<id>"],
  DescribeServerlessCacheSnapshots: ["serverlesscachesnapshot:*", "serverlesscache:<id>"],
  // Events belong to nothing that an ARN could name.
  DescribeEvents: undefined,
};
const COPYING = {
  CreateSnapshot: ["snapshot:<id>-*", "replicationgroup:<id>", "cluster:<id>-*"],
  CreateServerlessCacheSnapshot: ["serverlesscachesnapshot:<id>-*", "serverlesscache:<id>"],
};
const TESTING = { TestFailover: ["replicationgroup:<id>", "cluster:<id>-*"] };

const DUTIES = { ops: { ...LOOKING, ...COPYING, ...TESTING }, sentry: { ...LOOKING, ...COPYING } };

const named = (action) => `elasticache:${action}`;

Object.assign(exports, { own, allow });

exports.ELASTICACHE_ACTIONS = Object.keys(DUTIES.ops).map(named);

/** What `ops` or `sentry` may do to the cache with this id; nothing where AWS does not manage it. */
exports.duties = (name, id) => {
  if (!id) return [];
  return Object.entries(DUTIES[name]).map(([action, kinds]) => {
    const resources = kinds?.map((kind) => own("elasticache", kind.replace("<id>", id.toLowerCase())));
    return allow([named(action)], resources ?? ["*"]);
  });
};

/** What it takes to sign in to the cache of this stack, as `user`, or with `secret`. */
exports.signIn = ({ cache, id, user, secret }) => {
  if (secret) return [allow(["secretsmanager:GetSecretValue"], [secret])];
  const kind = cache === "serverless" ? "serverlesscache" : "replicationgroup";
  const resources = [own("elasticache", `${kind}:${id}`), own("elasticache", `user:${user}`)];
  return [allow(["elasticache:Connect"], resources)];
};

/** What the settings of a Redis elsewhere ask for: nothing, but where one of them needs it. */
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
  return allowed.filter(Boolean).map(([action, ...resources]) => allow([action], resources));
};
