import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";

/** Loads what every function loads, waits for its connection to fail, and says what we asked for meanwhile. */
const SCRIPT = `
  import { registerHooks } from "node:module";
  const loaded = new Set();
  registerHooks({
    resolve(specifier, context, next) {
      if (context.parentURL?.includes("/lib/")) loaded.add(specifier);
      return next(specifier, context);
    },
  });
  const { parseConfig } = await import("./lib/config.ts");
  const { connect } = await import("./lib/redis/connect.ts");
  const connection = connect(parseConfig(process.env), { log: () => ({ info() {}, warn() {} }) });
  await connection.ping().catch(() => {});
  process.stdout.write(JSON.stringify([...loaded]), () => process.exit());`;

const NOBODY = "127.0.0.1:1";

async function loadedWith(environment: Record<string, string>): Promise<string[]> {
  const words = ["--input-type=module", "--eval", SCRIPT];
  const env = { AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL: `http://${NOBODY}`, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: projectDir, env });
  const loaded: string[] = JSON.parse(stdout);
  expect(loaded).toContain("ioredis");
  return loaded.filter((name) => /^@(aws-sdk|smithy)|presign|find-cache/.test(name));
}

const PRESIGN = ["./presign.ts", "@smithy/core/protocols", "@smithy/signature-v4"];
const keys = { AWS_ACCESS_KEY_ID: "AKID", AWS_SECRET_ACCESS_KEY: "secret" };
const iam = { REDIS_URL: `rediss://app@${NOBODY}`, REDIS_IAM: "true", ELASTICACHE_ID: "orders" };

test.each<[string, Record<string, string>, string[]]>([
  ["an address", { REDIS_URL: `redis://${NOBODY}` }, []],
  ["a password", { REDIS_URL: `rediss://:secret@${NOBODY}`, ...keys }, []],
  ["IAM", { ...iam, ...keys }, PRESIGN],
  ["IAM with keys from elsewhere", iam, ["@aws-sdk/credential-providers", ...PRESIGN]],
  [
    "a secret",
    { REDIS_URL: `redis://${NOBODY}`, REDIS_SECRET_ARN: "redis", ...keys },
    ["@aws-sdk/client-secrets-manager"],
  ],
  ["a name", { ELASTICACHE_ID: "orders", ...keys }, ["../aws/find-cache.ts", "@aws-sdk/client-elasticache"]],
])("to connect with %s, no more of AWS is loaded than that takes", async (_, environment, expected) => {
  expect(new Set(await loadedWith(environment))).toEqual(new Set(expected));
});
