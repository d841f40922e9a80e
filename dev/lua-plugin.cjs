const { readFile } = require("node:fs/promises");
const { bundled } = require("./bundled-lua.cjs");

/** What esbuild does with Lua scripts; vitest.config.ts does the same, so that tests run what is deployed. */
const lua = {
  name: "lua",
  setup(build) {
    build.onLoad({ filter: /\.lua$/ }, async ({ path }) => {
      return { contents: bundled(await readFile(path, "utf8")), loader: "text" };
    });
  },
};

module.exports = [lua];
