const users = require("./redis-users.json");

/**
 * Commands that ElastiCache does not have, and for which it refuses a user whose rules name them:
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/SupportedCommands.html
 */
const NOWHERE = ["config"];
const NOT_SERVERLESS = [...NOWHERE, "client|list", "memory", "slowlog", "wait"];

const isOf = (commands, word) =>
  commands.some((command) => word === `+${command}` || word.startsWith(`+${command}|`));

/** What a user may do in a cache of ElastiCache's; redis-users.json has what it may do in any other Redis. */
function rulesFor(user, cache) {
  const missing = cache === "serverless" ? NOT_SERVERLESS : NOWHERE;
  const words = users[user].split(" ").filter((word) => !isOf(missing, word));
  return words.join(" ");
}

/** As `AccessString` wants it. */
module.exports = async ({ resolveVariable }) => {
  const { cache } = await resolveVariable("self:custom.stack");
  return Object.fromEntries(Object.keys(users).map((user) => [user, `on ${rulesFor(user, cache)}`]));
};

module.exports.rulesFor = rulesFor;
