import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { defineConfig, type Plugin } from "vitest/config";

const { bundled }: { bundled(text: string): string } = createRequire(import.meta.url)(
  "./dev/bundled-lua.cjs",
);

/** What dev/lua-plugin.cjs does for esbuild. */
const lua: Plugin = {
  name: "lua-as-text",
  enforce: "pre",
  load(id) {
    if (id.endsWith(".lua")) return `export default ${JSON.stringify(bundled(readFileSync(id, "utf8")))}`;
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
