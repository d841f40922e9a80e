import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import { unzip } from "./zip.ts";

const run = promisify(execFile);
const HANDLERS = {
  cache: "functions/cache/handler.js",
  health: "functions/health/handler.js",
  openapi: "functions/openapi/handler.js",
  leaderboards: "functions/leaderboards/handler.js",
  likes: "functions/likes/handler.js",
  sessions: "functions/sessions/handler.js",
  tokens: "functions/tokens/handler.js",
  warmer: "functions/warmer/worker.js",
};

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

let folder: string;
let resources: Record<string, Resource>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "redigate-package-"));
  resources = await packageInto(folder);
}, 60_000);

afterAll(() => rm(folder, { recursive: true }));

async function packageInto(folder: string, environment: Record<string, string> = {}) {
  await sls(["package", "--package", folder], environment);
  const template = await readFile(join(folder, "cloudformation-template-update-stack.json"), "utf8");
  return JSON.parse(template).Resources as Record<string, Resource>;
}

/** Without credentials and in a build folder of its own, so that it disturbs nothing that runs beside it. */
async function sls(words: readonly string[], environment: Record<string, string> = {}) {
  const { PATH = "", HOME = "" } = process.env;
  const env = { PATH, HOME, REDIGATE_BUILD_DIR: ".redigate/build/package-test", ...environment };
  return run(process.execPath, ["node_modules/.bin/sls", ...words], { cwd: projectDir, env });
}

test.each(Object.entries(HANDLERS))(
  "%s is packaged alone and loads where there is nothing else",
  async (name, handler) => {
    const files = unzip(await readFile(join(folder, `${name}.zip`)));
    expect([...files.keys()].sort()).toEqual([handler, `${handler}.map`, "functions/package.json"].sort());
    const unpacked = await mkdtemp(join(folder, "unpacked-"));
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(unpacked, path)), { recursive: true });
      await writeFile(join(unpacked, path), bytes);
    }
    // The runtime brings the SDK, so the bundle must ask for it and the test must lend it.
    await mkdir(join(unpacked, "node_modules"));
    const bundle = files.get(handler)?.toString() ?? "";
    expect(bundle.includes('from"@aws-sdk/client-lambda"')).toBe(name === "warmer");
    if (name === "warmer") {
      const sdk = join(unpacked, "node_modules/@aws-sdk/client-lambda");
      await mkdir(sdk, { recursive: true });
      await writeFile(
        join(sdk, "index.js"),
        "exports.LambdaClient = class {}; exports.InvokeCommand = class {};",
      );
    }
    const code = `const { handler } = await import(${JSON.stringify(join(unpacked, handler))}); process.exit(typeof handler === "function" ? 0 : 1)`;
    const env = { REDIS_URL: inject("redisUrl"), AUTH_PUBLIC_KEY: inject("publicKey") };
    await run(process.execPath, ["--input-type=module", "--eval", code], { cwd: unpacked, env });
  },
);

test("functions run on the current runtime and on Graviton", () => {
  const functions = Object.values(resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
  expect(functions).toHaveLength(Object.keys(HANDLERS).length);
  for (const { Properties } of functions) {
    expect(Properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"] });
  }
});

test("only the warmer may invoke functions, and only those it warms", () => {
  const roles = Object.entries(resources).filter(([, { Type }]) => Type === "AWS::IAM::Role");
  const mayInvoke = roles.filter(([, role]) => JSON.stringify(role).includes("lambda:"));
  expect(mayInvoke.map(([name]) => name)).toEqual(["WarmerRole"]);
  const policies = mayInvoke[0]?.[1].Properties.Policies as { PolicyDocument: { Statement: object[] } }[];
  const [statement] = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  expect(statement).toMatchObject({
    Action: "lambda:InvokeFunction",
    Resource: [
      { "Fn::GetAtt": ["CacheLambdaFunction", "Arn"] },
      { "Fn::GetAtt": ["HealthLambdaFunction", "Arn"] },
      { "Fn::GetAtt": ["LeaderboardsLambdaFunction", "Arn"] },
      { "Fn::GetAtt": ["LikesLambdaFunction", "Arn"] },
      { "Fn::GetAtt": ["OpenapiLambdaFunction", "Arn"] },
      { "Fn::GetAtt": ["SessionsLambdaFunction", "Arn"] },
      { "Fn::GetAtt": ["TokensLambdaFunction", "Arn"] },
    ],
  });
});

test("functions may ask AWS for what their settings need, and for nothing without", async () => {
  const actionsOf = (all: typeof resources) =>
    JSON.stringify(all.IamRoleLambdaExecution).match(/"(elasticache|secretsmanager|kms):\w+"/g) ?? [];
  expect(actionsOf(resources)).toEqual([]);
  const environment = {
    REDIS_IAM: "true",
    ELASTICACHE_ID: "orders",
    REDIS_USERNAME: "app",
    AWS_REGION: "us-east-1",
  };
  const other = await packageInto(join(folder, "with-settings"), environment);
  expect(actionsOf(other)).toEqual([
    '"elasticache:Connect"',
    '"elasticache:DescribeReplicationGroups"',
    '"elasticache:DescribeServerlessCaches"',
  ]);
  expect(JSON.stringify(other.WarmerRole)).toBe(JSON.stringify(resources.WarmerRole));
});

test("a function in a network is asked for with both of its parts", async () => {
  const both = { VPC_SUBNET_IDS: "subnet-1,subnet-2", VPC_SECURITY_GROUP_IDS: "sg-1" };
  const { stdout } = await sls(["print", "--format", "json"], both);
  expect(JSON.parse(stdout).provider.vpc).toEqual({
    securityGroupIds: ["sg-1"],
    subnetIds: ["subnet-1", "subnet-2"],
  });
  await expect(sls(["print"], { VPC_SUBNET_IDS: "subnet-1" })).rejects.toMatchObject({
    stdout: expect.stringContaining("must have required property 'securityGroupIds'"),
  });
});
