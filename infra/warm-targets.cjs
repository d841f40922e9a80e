const { own } = require("./access.cjs");
const { reserve } = require("./concurrency.cjs");
const { functions, served } = require("./functions.cjs");
const { sentence } = require("./parameters.cjs");

/** As lib/warmer/warmer.ts takes them. */
const MAX_SANDBOXES = 100;

async function prefixOf({ resolveVariable }) {
  return `${await resolveVariable("self:service")}-${await resolveVariable("sls:stage")}`;
}

/** Why a target is none, if it is not: the role of the warmer is made of their names. */
function problemWith(target, prefix, reserved) {
  const [, functionName, digits] = /^([\w-]+)=(\d{1,3})$/.exec(target) ?? [];
  const sandboxes = Number(digits);
  if (!functionName || sandboxes < 1 || sandboxes > MAX_SANDBOXES)
    return `${target} must be <function name>=<1 to ${MAX_SANDBOXES}>`;
  const names = served.map((name) => `${prefix}-${name}`);
  if (!names.includes(functionName))
    return `${functionName} is no function of this stack that answers requests; there are ${names.join(", ")}`;
  const most = reserved[functionName.slice(prefix.length + 1)] ?? Infinity;
  return sandboxes > most ? `${target} is more than concurrency leaves this function, which is ${most}` : [];
}

/** What is warmed where WARM_TARGETS does not say otherwise: one sandbox of every function that answers requests. */
exports.everyFunction = async (variables) => {
  const prefix = await prefixOf(variables);
  return served.map((name) => `${prefix}-${name}=1`).join(",");
};

/** The functions that the warmer may invoke: those that it warms. Throws a sentence where one is none of this stack's. */
exports.arns = async (variables) => {
  const { concurrency, isLocal } = await variables.resolveVariable("self:custom.stack");
  if (isLocal) return [];
  const targets = (process.env.WARM_TARGETS || (await exports.everyFunction(variables)))
    .split(",")
    .map((target) => target.trim())
    .filter(Boolean);
  const prefix = await prefixOf(variables);
  const reserved = concurrency > 0 ? reserve(functions, concurrency) : {};
  const problems =
    targets.length > 0 ? targets.flatMap((target) => problemWith(target, prefix, reserved)) : ["names none"];
  if (problems.length > 0) throw sentence(`Wrong configuration. WARM_TARGETS: ${problems.join("; ")}.`);
  return [...new Set(targets.map((target) => target.replace(/=.*/, "")))].map((name) =>
    own("lambda", `function:${name}`),
  );
};
