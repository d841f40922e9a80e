import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectDir } from "./paths.ts";
import { findOnPath } from "./redis/engine-on-path.ts";

interface Totals {
  readonly passed: number;
  readonly failed: number;
}

const COLORS = process.stdout.isTTY ? "force" : "off";

/** Each of these counts as one test. */
const STATIC_STEPS = {
  "format and lint": ["biome", "ci", `--colors=${COLORS}`, "--error-on-warnings", "."],
  types: ["tsc", "--noEmit"],
  "dependency rules": [
    "depcruise",
    "--config",
    ".dependency-cruiser.cjs",
    "lib",
    "functions",
    "dev",
    "tests",
  ],
  "unused code": ["knip", "--no-progress"],
} as const;

/** Quick, and they guard what is easiest to break. */
const FAST_TESTS = ["tests/config.test.ts", "tests/drift/", "tests/http/"];

/** What the features do, whichever Redis they do it with. */
const BEHAVIOUR = [
  "cache",
  "sessions",
  "tokens",
  "leaderboards",
  "likes",
  "locks",
  "health",
  "properties",
].map((folder) => `tests/${folder}/`);

/** What else the engines do not do alike: WAIT looks at less in Redis before 7.2; what INFO says; rules of users. */
const OF_ENGINES = ["tests/redis/acknowledgement", "tests/ops/"];

/** What of the behaviour needs no Redis. */
const PURE = [
  "tests/leaderboards/periods.test.ts",
  "tests/properties/{cache-control,entry,history,lease,locks-history,parse-json,router}.test.ts",
];

/** What of that starts its own Redis, of whichever topology the run is. */
const OWN_SERVERS = ["tests/*/cluster.test.ts", "tests/leaderboards/scale.test.ts"];

/** The slowest: hundreds of random tries, for which one server and one cluster are enough. */
const SLOW = ["tests/properties/{cache,leaderboards,leaderboards-pages,locks,locks-histories}.test.ts"];

/** They package the project many times over, which would leave those that measure time none. */
const STACKS = ["tests/infra/"];

interface TestRun {
  readonly name: string;
  /** @default every test there is but those of `without` */
  readonly tests?: readonly string[];
  readonly without?: readonly string[];
  /** Chosen in tests/topologies.ts. @default standalone */
  readonly topology?: string;
  /** Chosen in dev/redis/find-engine.ts. @default what the machine has */
  readonly engine?: string;
}

/** Which tests run on what. Sentinels are in those that make faults, which start their own. */
const RUNS: readonly TestRun[] = [
  { name: "all tests but those of the stacks", without: STACKS },
  { name: "the stacks", tests: STACKS },
  {
    name: "behaviour over TLS, as a user with few rights",
    topology: "tls",
    tests: BEHAVIOUR,
    without: [...PURE, ...OWN_SERVERS, ...SLOW],
  },
  {
    name: "behaviour on a cluster",
    topology: "cluster",
    tests: BEHAVIOUR,
    without: [...PURE, ...OWN_SERVERS],
  },
  {
    name: "behaviour on Valkey",
    engine: "valkey",
    tests: [...BEHAVIOUR, ...OF_ENGINES],
    without: [...PURE, ...SLOW],
  },
];

async function run(): Promise<Totals> {
  const { values } = parseArgs({ options: { fast: { type: "boolean", default: false } } });
  const steps = Object.entries(STATIC_STEPS).map(([name, command]) => staticStep(name, command));
  const totals = await Promise.all(steps);
  const skipped: string[] = [];
  for (const testRun of values.fast ? [{ name: "fast tests", tests: FAST_TESTS }] : RUNS) {
    const obstacle = await obstacleTo(testRun);
    if (obstacle) skipped.push(`NOT RUN  ${testRun.name}: ${obstacle}`);
    else totals.push(await testStep(testRun));
  }
  for (const line of skipped) console.log(line);
  return {
    passed: totals.reduce((sum, { passed }) => sum + passed, 0),
    failed: totals.reduce((sum, { failed }) => sum + failed, 0),
  };
}

async function staticStep(
  name: string,
  [program, ...words]: readonly [string, ...string[]],
): Promise<Totals> {
  const startedAt = performance.now();
  const { code, output } = await execute(program, words);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${code === 0 ? "passed" : "FAILED"}  ${name} (${seconds} s)`);
  if (code !== 0) console.log(output.trimEnd());
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** On Debian and its kin an engine that cannot be had is a failure; elsewhere nobody can be asked to have it. */
async function obstacleTo({ engine }: TestRun): Promise<string | undefined> {
  if (engine !== "valkey" || (await findOnPath("valkey-server")) || (await findOnPath("apt-get")))
    return undefined;
  return "there is no valkey-server on PATH, and no apt-get to fetch it with; install Valkey 8 to run it";
}

async function testStep(testRun: TestRun): Promise<Totals> {
  const startedAt = performance.now();
  const totals = await vitest(testRun);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${totals.failed === 0 ? "passed" : "FAILED"}  ${testRun.name} (${seconds} s)`);
  return totals;
}

async function vitest({ tests = [], without = [], topology, engine }: TestRun): Promise<Totals> {
  const folder = await mkdtemp(join(tmpdir(), "redigate-check-"));
  const report = join(folder, "vitest.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const words = ["run", ...reporters, ...without.map((pattern) => `--exclude=${pattern}`), ...tests];
    const environment = { TOPOLOGY: topology ?? "standalone", ...(engine && { ENGINE: engine }) };
    const { code } = await execute("vitest", words, "inherit", environment);
    const text = await readFile(report, "utf8").catch(() => undefined);
    return text === undefined ? { passed: 0, failed: 1 } : totalsOf(JSON.parse(text), code);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { status: string }[];
  }[];
}

/** A file that could not be loaded counts as one failed test, and so does a failure that vitest puts down to no test. */
function totalsOf(
  { numPassedTests, numFailedTests, testResults }: VitestReport,
  code: number | null,
): Totals {
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((result) => result.status === "failed"),
  );
  const failed = numFailedTests + brokenFiles.length;
  if (numPassedTests + failed === 0) console.log("FAILED  vitest ran no test");
  return { passed: numPassedTests, failed: failed || (code !== 0 || numPassedTests === 0 ? 1 : 0) };
}

async function execute(
  program: string,
  words: readonly string[],
  stdio: "pipe" | "inherit" = "pipe",
  environment: Record<string, string> = {},
) {
  const script = join(projectDir, "node_modules", ".bin", program);
  const child = spawn(process.execPath, [script, ...words], {
    cwd: projectDir,
    env: { ...process.env, ...environment },
    stdio: ["ignore", stdio, stdio],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once("error", (error) => {
    output += error.message;
    resolve(1);
  });
  child.once("close", resolve);
  return { code: await promise, output };
}

try {
  const { passed, failed } = await run();
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
