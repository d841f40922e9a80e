import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectDir } from "../../dev/paths.ts";
import { copyWithoutCode, type Packaging, packageProject } from "./packager.ts";
import type { Template } from "./validator/template.ts";

export const CACHES = [
  "serverless",
  "cluster",
  "replication-group",
  "node",
  "self-managed",
  "external",
] as const;

const REDIS = { REDIS_URL: "rediss://redis.example:6379" };
const NETWORK = { vpcId: "vpc-1234", subnetIds: "subnet-1,subnet-2,subnet-3", endpoints: "yes" };
const NAME = {
  domainName: "api.example.com",
  certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/1",
};
const ISSUER = { jwtIssuer: "https://issuer.example", jwtAudience: "redigate" };

/** What the parameters can do together; each of them is in one of these, apart from mere numbers. */
const VARIANTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "serverless-in-own-network": { cache: "serverless", ...NETWORK, endpoints: "no" },
  "cluster-sync": { cache: "cluster", ...NETWORK, durability: "sync", ...NAME },
  "replication-group-in-three-zones": {
    cache: "replication-group",
    zones: "3",
    alarmEmail: "ops@example.com",
  },
  "self-managed-with-shell": {
    cache: "self-managed",
    shell: "yes",
    restoreFrom: "snap-1234",
    zones: "us-east-1b,us-east-1d",
  },
  "external-with-issuer": { cache: "external", ...ISSUER, concurrency: "0" },
  "external-with-issuer-for-pages": { cache: "external", ...ISSUER, ...NAME },
};

/** What the runbook does to a cache that is in use: all of it at once, by cache. */
const SCALED = scalings(readFileSync(join(projectDir, "README.md"), "utf8"));
export const SCALED_CACHES = Object.keys(SCALED);

function scalings(readme: string) {
  const [, commands = ""] = /^### Scale up and out\n[^`]*```sh\n([^`]*)```$/m.exec(readme) ?? [];
  const scaled: Record<string, Record<string, string>> = {};
  for (const line of commands.trim().split("\n")) {
    const words = [...line.matchAll(/--param (\w+)=(\S+)/g)].map(([, name, value]) => [name, value]);
    const parameters = Object.fromEntries(words);
    scaled[parameters.cache] = { ...scaled[parameters.cache], ...parameters };
  }
  return scaled;
}

const inProd = (parameters: Readonly<Record<string, string>>) => [
  "--stage=prod",
  ...Object.entries(parameters).map(([name, value]) => `--param=${name}=${value}`),
];

function packaging(output: string, words: readonly string[]): Packaging {
  const redis = words.includes("--param=cache=external") ? REDIS : {};
  const pages = output.endsWith("-for-pages") ? { CORS_ORIGINS: "https://app.example" } : {};
  return { output, words, environment: { ...redis, ...pages } };
}

const STACKS: readonly Packaging[] = [
  ...CACHES.map((cache) => packaging(cache, inProd({ cache }))),
  ...Object.entries(VARIANTS).map(([name, parameters]) => packaging(name, inProd(parameters))),
  ...Object.entries(SCALED).map(([cache, parameters]) => packaging(`${cache}-scaled`, inProd(parameters))),
  packaging("by-default", ["--stage=prod"]),
  packaging("by-default-elsewhere", []),
];

export const STACK_NAMES = STACKS.map(({ output }) => output);

/** The template of every stack, or why there is none; two at a time, each in a copy of the project. */
export async function packageStacks(): Promise<Record<string, Template | Error>> {
  const stacks: Record<string, Template | Error> = {};
  const left = [...STACKS];
  const work = async () => {
    const project = copyWithoutCode();
    for (let next = left.shift(); next; next = left.shift())
      stacks[next.output] = await packageProject(project, next).catch((error: Error) => error);
    rmSync(dirname(project), { recursive: true });
  };
  await Promise.all([work(), work()]);
  return stacks;
}
