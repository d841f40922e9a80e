/** Which files of infra/cache/ each option is made of. */
const PARTS = {
  serverless: ["users", "serverless"],
  cluster: ["users", "nodes", "cluster"],
  "replication-group": ["users", "nodes", "replication-group"],
  node: ["users", "nodes", "node"],
  "self-managed": ["self-managed"],
  external: [],
};

/** The CloudFormation of the cache that was chosen. */
exports.resources = async ({ resolveVariable }) => {
  const { cache } = await resolveVariable("self:custom.stack");
  const parts = await Promise.all(
    PARTS[cache].map((name) => resolveVariable(`file(infra/cache/${name}.yml)`)),
  );
  const sections = ["Conditions", "Resources", "Outputs"].map((section) => [
    section,
    Object.assign({}, ...parts.map((part) => part[section])),
  ]);
  return Object.fromEntries(sections);
};
