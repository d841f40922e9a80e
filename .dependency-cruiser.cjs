const FEATURE = "^lib/(?!http/|redis/|aws/|idempotency/)([^/]+)/";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans",
      comment: "A module that nothing uses and that uses nothing is dead.",
      severity: "error",
      from: { orphan: true, pathNot: "\\.d\\.ts$|^infra/|\\.(config|setup)\\.ts$" },
      to: {},
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "features-stand-alone",
      comment: "A feature knows Redis, not HTTP and not another feature; a handler composes them.",
      severity: "error",
      from: { path: FEATURE, pathNot: "/contract\\.ts$" },
      to: {
        path: "^lib/",
        pathNot:
          "^lib/($1|redis|aws)/|^lib/ops/engine\\.ts$|^lib/(config|parsed-text|parse-json|entity-tags|idempotency-key|opaque-token|consistency|seal)\\.ts$|^lib/lua\\.d\\.ts$",
      },
    },
    {
      name: "engine-is-read-by-two",
      comment: "What Redis says of itself is for `ops`, and for `sentry`, which measures it.",
      severity: "error",
      from: { path: "^(lib|functions)/", pathNot: "^(lib|functions)/(ops|sentry)/" },
      to: { path: "^lib/ops/", pathNot: "/contract\\.ts$" },
    },
    {
      name: "contracts-are-data",
      severity: "error",
      from: { path: `${FEATURE}contract\\.ts$` },
      to: {
        pathNot:
          "^lib/http/contract\\.ts$|^lib/(parsed-text|entity-tags|idempotency-key|opaque-token|consistency)\\.ts$|^lib/$1/|^node_modules/zod/",
      },
    },
    {
      name: "contracts-know-no-redis",
      comment: "Routers, documents and clients read a contract, and none of them wants a connection with it.",
      severity: "error",
      from: { path: `${FEATURE}contract\\.ts$` },
      to: { path: "^lib/redis/|^node_modules/ioredis/", reachable: true },
    },
    {
      name: "redis-knows-no-http",
      severity: "error",
      from: { path: "^lib/redis/" },
      to: { path: "^lib/http/" },
    },
    {
      name: "functions-serve-their-feature",
      severity: "error",
      from: { path: "^functions/([^/]+)/" },
      to: {
        path: "^(lib|functions)/",
        pathNot:
          "^functions/$1/|^lib/ops/engine\\.ts$|^lib/($1|http|redis|aws|idempotency|locks)/|^lib/(config|opaque-token|consistency)\\.ts$|^lib/[^/]+/contract\\.ts$",
      },
    },
    {
      name: "no-tools-in-production",
      severity: "error",
      from: { path: "^(lib|functions)/" },
      to: { path: "^(dev|tests|infra)/" },
    },
    {
      name: "no-dev-packages-in-production",
      comment: "The AWS SDK is in the Lambda runtime, so here it is a development package.",
      severity: "error",
      from: { path: "^(lib|functions)/" },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["type-only"],
        pathNot: "^node_modules/@(types|aws-sdk)/",
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".cjs", ".mjs", ".json", ".d.ts"],
      conditionNames: ["import", "node", "default", "types"],
      exportsFields: ["exports"],
    },
  },
};
