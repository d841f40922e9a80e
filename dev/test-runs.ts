export interface TestRun {
  readonly name: string;
  /** @default every test there is but those of `without` */
  readonly tests?: readonly string[];
  readonly without?: readonly string[];
  /** Chosen in tests/topologies.ts. @default standalone */
  readonly topology?: string;
  /** Chosen in dev/redis/find-engine.ts. @default what the machine has */
  readonly engine?: string;
}

/** Quick, and they guard what is easiest to break. */
export const FAST: TestRun = {
  name: "fast tests",
  tests: ["tests/config.test.ts", "tests/drift/", "tests/http/"],
};

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

/** Which tests run on what. Sentinels are in those that make faults, which start their own. */
export const RUNS: readonly TestRun[] = [
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
