const { existsSync, readdirSync } = require("node:fs");
const { join } = require("node:path");
const { reserve } = require("./concurrency.cjs");

const functionsDir = join(__dirname, "../functions");

const withFile = (file) =>
  readdirSync(functionsDir).filter((name) => existsSync(join(functionsDir, name, file)));

/** Every function by the name of its folder. */
const functions = withFile("function.yml");

/** Those that answer requests; the others are started by a schedule. */
const served = withFile("handler.ts");

const idOf = (name, kind) => `${name[0].toUpperCase()}${name.slice(1)}${kind}`;

/** How many sandboxes each function has for itself, and cannot exceed: so their connections stay within the node's. */
const reservations = async ({ resolveVariable }) => {
  const { concurrency } = await resolveVariable("self:custom.stack");
  if (concurrency === 0) return {};
  const reserved = Object.entries(reserve(functions, concurrency)).map(
    ([name, ReservedConcurrentExecutions]) => [
      idOf(name, "LambdaFunction"),
      { Properties: { ReservedConcurrentExecutions } },
    ],
  );
  return { extensions: Object.fromEntries(reserved) };
};

module.exports = { functions, served, idOf, reservations };
