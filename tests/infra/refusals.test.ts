import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import { copyWithoutCode, packageProject } from "./packager.ts";

const { functions }: { functions: readonly string[] } = createRequire(import.meta.url)(
  join(projectDir, "infra/functions.cjs"),
);
let project = "none";

beforeAll(() => {
  project = copyWithoutCode();
});
afterAll(() => rmSync(dirname(project), { recursive: true, force: true }));

const packaged = (words: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  packageProject(project, { output: "out", words, environment });

test.each([
  [
    ["--param=cache=serverless", "--param=shards=2"],
    {},
    "shards: means nothing with cache=serverless, only with cache=cluster.",
  ],
  [
    ["--param=cache=node", "--param=snapshotWindow=04:00-05:00"],
    {},
    "snapshotWindow=04:00-05:00, maintenanceWindow=sun:04:30-sun:05:30: must not overlap.",
  ],
  [
    ["--stage=Prod", "--region=eu-west-1", "--param=zones=us-east-1a,us-east-1b", "--param=concurrency=5"],
    { REDIS_URL: "redis://redis.example" },
    `zones=us-east-1a,us-east-1b: are not all of the region eu-west-1; cache=node: makes a Redis of its own, so REDIS_URL must not be set; cache=external uses it; concurrency=5: is less than the ${functions.length + 2} that all functions need together; concurrency=0 reserves none; stage=Prod: makes the name redigate-Prod-functions, and with cache=node that may have 40 small letters, digits and single hyphens.`,
  ],
])(
  "`sls package %j` ends with a sentence that names what contradicts itself",
  async (words, environment, sentence) => {
    await expect(packaged(words, environment)).rejects.toThrow(`Error: Wrong parameters. ${sentence}\n`);
  },
);

test("`sls deploy` ends with one before it asks AWS, where the functions could verify no token", async () => {
  const deployed = packageProject(project, { output: "out", command: "deploy" });
  await expect(deployed).rejects.toThrow("Error: Wrong parameters. AUTH_PUBLIC_KEY: is not set");
});

test("a value that is the name of a command for this machine is a value", async () => {
  const { Resources } = await packaged(["--stage", "offline"]);
  expect(Resources.Node?.Type).toBe("AWS::ElastiCache::ReplicationGroup");
});

test("a parameter of serverless.yml that nothing reads is refused like one of the command line", async () => {
  appendFileSync(
    join(project, "serverless.yml"),
    "\nparams:\n  prod: { shard: 2 }\n  default: { zones: 3 }\n",
  );
  await expect(packaged(["--stage=prod"])).rejects.toThrow(
    "Wrong parameters. shard: is no parameter; there are",
  );
});

test("a function that does not build ends it, too", async () => {
  writeFileSync(join(project, "functions/cache/handler.ts"), "export const handler = (");
  await expect(packaged(["--stage=dev"])).rejects.toThrow(
    /^`sls package --stage=dev` failed: .*Unexpected end of file/s,
  );
}, 120_000);
