const att = (name) => ({ "Fn::GetAtt": name.split(/\.(.*)/s, 2) });
const ref = (name) => ({ Ref: name });
const tlsUrl = (endpoint, port) => ({ "Fn::Sub": `rediss://\${${endpoint}}:${port}` });

/** The settings that say where Redis is, all of which a stack of its own sets by itself. */
const VARIABLES = [
  ...["MODE", "URL", "HOST", "PORT", "NODES", "USERNAME", "PASSWORD", "SECRET_ARN", "IAM", "TLS", "TLS_CA"],
  ...["TLS_VERIFY", "SENTINEL_NAME", "SENTINEL_PASSWORD", "REPLICA_URL"],
].map((name) => `REDIS_${name}`);

const ADDRESSES = {
  serverless: () => ({
    REDIS_MODE: "cluster",
    REDIS_HOST: att("ServerlessCache.Endpoint.Address"),
    REDIS_REPLICA_URL: tlsUrl("ServerlessCache.ReaderEndpoint.Address", 6380),
  }),
  cluster: () => ({
    REDIS_MODE: "cluster",
    REDIS_HOST: att("Cluster.ConfigurationEndPoint.Address"),
    REDIS_REPLICA_URL: tlsUrl("Cluster.ConfigurationEndPoint.Address", 6379),
  }),
  "replication-group": () => ({
    REDIS_HOST: att("ReplicationGroup.PrimaryEndPoint.Address"),
    REDIS_REPLICA_URL: tlsUrl("ReplicationGroup.ReaderEndPoint.Address", 6379),
  }),
  node: () => ({ REDIS_HOST: att("Node.PrimaryEndPoint.Address") }),
  // The machine signs its own certificate, so what it says is kept from listeners; who it is, its address tells.
  "self-managed": () => ({ REDIS_HOST: att("Machine.PrivateIp"), REDIS_TLS_VERIFY: "false" }),
};

/** How somebody signs in: `functions` and `ops` are users of Redis with rules of their own (redis-users.json). */
function signIn(who, { isManaged }, name) {
  if (!isManaged) return { REDIS_SECRET_ARN: ref(who === "ops" ? "OpsPassword" : "FunctionsPassword") };
  return { REDIS_USERNAME: `${name}-${who}` };
}

function settingsOf(stack, name, environment, who) {
  const given = Object.fromEntries(
    [...VARIABLES, "ELASTICACHE_ID"].map((variable) => [
      variable,
      stack.cache === "external" ? environment[variable] || "" : "",
    ]),
  );
  if (stack.cache === "external") return given;
  const iam = { REDIS_IAM: "true", ELASTICACHE_ID: `${name}-${stack.cache}` };
  return {
    ...given,
    REDIS_PORT: "6379",
    REDIS_TLS: "true",
    ...(stack.isManaged && iam),
    ...ADDRESSES[stack.cache](),
    ...signIn(who, stack, name),
  };
}

const read = ({ resolveVariable }) =>
  Promise.all([resolveVariable("self:custom.stack"), resolveVariable("self:custom.name")]);

/** The environment that tells every function where Redis is, and who it is there. */
exports.functions = async (variables) => {
  const [stack, name] = await read(variables);
  return settingsOf(stack, name, process.env, "functions");
};

/** What differs for the functions that look after Redis. */
exports.ops = async (variables) => {
  const [stack, name] = await read(variables);
  const { REDIS_USERNAME, REDIS_SECRET_ARN } = settingsOf(stack, name, process.env, "ops");
  return { REDIS_USERNAME, REDIS_SECRET_ARN };
};
