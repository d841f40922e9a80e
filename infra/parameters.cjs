const { contradictions } = require("./contradictions.cjs");
const { MANAGED, PARAMETERS } = require("./parameter-list.cjs");

/** Commands that run functions on this machine, where there is no stack to find anything in. */
const LOCAL_COMMANDS = ["offline", "invoke"];
/** Puts up what answers requests from then on; what `package` makes is only looked at. */
const DEPLOYING_COMMAND = "deploy";

function defaultOf(name, cache, stage) {
  if (name === "cache") return stage === "prod" ? "serverless" : "node";
  const { default: value = "" } = PARAMETERS[name];
  return typeof value === "function" ? value(cache, stage) : value;
}

/** What is wrong with single parameters; each sentence names it. */
function wrongValues(given, cache) {
  return Object.entries(given).flatMap(([name, value]) => {
    const parameter = Object.hasOwn(PARAMETERS, name) && PARAMETERS[name];
    if (!parameter) return `${name}: is no parameter; there are ${Object.keys(PARAMETERS).join(", ")}`;
    const problem = parameter.check(value);
    if (problem) return `${name}: ${problem}`;
    if (parameter.for && PARAMETERS.cache.check(cache) === undefined && !parameter.for.includes(cache))
      return `${name}: means nothing with cache=${cache}, only with cache=${parameter.for.join(", ")}`;
    return [];
  });
}

/** The value of every parameter, numbers as such. */
function valuesOf(given, cache, stage) {
  const values = Object.entries(PARAMETERS).map(([name, { check }]) => {
    const value = given[name] ?? defaultOf(name, cache, stage);
    return [name, check.isOfNumbers && /^\d+$/.test(value) ? Number(value) : value];
  });
  return { ...Object.fromEntries(values), cache, isManaged: MANAGED.includes(cache) };
}

/** The value of every parameter. Throws one error with all that is wrong with what was `given`. */
function settle(
  given,
  stage,
  environment,
  { isLocal = false, isDeployed = false, service = "redigate", region = "us-east-1" } = {},
) {
  if (isLocal) return { ...valuesOf({}, "external", stage), isLocal };
  const cache = given.cache ?? defaultOf("cache", undefined, stage);
  const stack = { ...valuesOf(given, cache, stage), isLocal };
  const wrong = wrongValues(given, cache);
  const context = { given, stack, environment, isDeployed, service, stage, region };
  const problems = wrong.length > 0 ? wrong : contradictions(context);
  if (problems.length > 0) throw sentence(`Wrong parameters. ${problems.join("; ")}.`);
  return stack;
}

/** An error of which the Serverless CLI shows what it says, and not where in this file it was thrown. */
function sentence(message) {
  return Object.assign(new Error(message), { stack: undefined });
}

/** What the command line and `params` of serverless.yml say. */
module.exports = async ({ options, resolveVariable }) => {
  const [stage, service, region, written] = await Promise.all(
    ["sls:stage", "self:service", "self:provider.region", "self:params, null"].map((name) =>
      resolveVariable(name),
    ),
  );
  const named = (options.param ?? []).map((pair) => pair.replace(/=.*/s, ""));
  const names = [PARAMETERS, written?.default, written?.[stage]].flatMap((all) => Object.keys(all ?? {}));
  const found = [...new Set([...names, ...named])].map(async (name) => {
    const value = await resolveVariable(`param:${name}, null`);
    return [name, value === null ? undefined : String(value)];
  });
  const given = Object.fromEntries((await Promise.all(found)).filter(([, value]) => value !== undefined));
  const [, , command] = process.argv;
  const [isLocal, isDeployed] = [LOCAL_COMMANDS.includes(command), command === DEPLOYING_COMMAND];
  return settle(given, stage, process.env, { isLocal, isDeployed, service, region });
};

Object.assign(module.exports, { settle, sentence });
