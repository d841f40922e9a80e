import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vitest/config";

/** What esbuild does for `import ... with { type: "text" }`. */
const lua: Plugin = {
  name: "lua-as-text",
  enforce: "pre",
  load(id) {
    if (id.endsWith(".lua")) return `export default ${JSON.stringify(readFileSync(id, "utf8"))}`;
  },
};

export default defineConfig({
  plugins: [lua],
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: "tests/global-setup.ts",
    setupFiles: "tests/setup.ts",
    pool: "forks",
    maxWorkers: 4,
    // What must be fast says so itself; a property that is tried hundreds of times takes long on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
});
