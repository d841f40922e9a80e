const { existsSync, readFileSync } = require("node:fs");
const { resolve } = require("node:path");
const { parseEnv } = require("node:util");
const { ping } = require("./redis/ping.ts");

const WITHOUT_REDIS = ["openapi", "warmer"];
const START_ONE = "Start one with `npm run redis` or `npm start`, or set REDIS_URL to one that runs.";

/** Gives `sls invoke local` the Redis of this machine, trusts the claims in its event, and keeps it off the cloud. */
module.exports = class InvokeLocal {
  constructor(serverless, { function: name }) {
    this.hooks = {
      "after:invoke:local:loadEnvVars": async () => {
        // The claims of the event need no token; a caller on this machine could mint one anyway.
        setUnlessSet("AUTH_MODE", "authorizer");
        setUnlessSet("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:3002");
        Object.assign(process.env, { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" });
        if (WITHOUT_REDIS.includes(name)) return;
        const problem = await useLocalRedis(serverless.serviceDir);
        if (problem) throw new serverless.classes.Error(`${problem} ${START_ONE}`);
      },
    };
  }
};

/** Says what is wrong, if anything is. */
async function useLocalRedis(serviceDir) {
  if (process.env.REDIS_HOST && !process.env.REDIS_URL) return undefined;
  if (!process.env.REDIS_URL) {
    const file = resolve(serviceDir, process.env.REDIGATE_STATE_DIR || ".redigate", "local.env");
    if (!existsSync(file)) return "No Redis runs on this machine.";
    process.env.REDIS_URL = parseEnv(readFileSync(file, "utf8")).REDIS_URL;
  }
  return ping(process.env.REDIS_URL).then(
    () => undefined,
    (error) => `The Redis to use does not answer: ${error.message}.`,
  );
}

function setUnlessSet(name, value) {
  process.env[name] = process.env[name] || value;
}
