const numbers = (count) => Array.from({ length: count }, (_, index) => index + 1);
const padded = (number, digits) => String(number).padStart(digits, "0");

/**
 * The nodes of a cache by the names that ElastiCache gives them when it makes them, which its metrics have; none where it
 * has no nodes. After a shard was taken out its number is not given again.
 */
function nodesOf({ cache, shards, replicas }, name) {
  const id = `${name}-${cache}`;
  if (cache === "node") return [`${id}-001`];
  const each = numbers(replicas + 1).map((node) => padded(node, 3));
  if (cache === "replication-group") return each.map((node) => `${id}-${node}`);
  if (cache !== "cluster") return [];
  return numbers(shards).flatMap((shard) => each.map((node) => `${id}-${padded(shard, 4)}-${node}`));
}

exports.nodesOf = nodesOf;

exports.count = async ({ resolveVariable }) => nodesOf(await resolveVariable("self:custom.stack"), "").length;
