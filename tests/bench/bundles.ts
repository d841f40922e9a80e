import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { projectDir } from "../../dev/paths.ts";

const yaml: { load(text: string): { custom: { esbuild: BuildOptions } } } = createRequire(
  join(projectDir, "node_modules/serverless/package.json"),
)("js-yaml");

export interface Bundle {
  readonly file: string;
  readonly bytes: number;
}

export type Bundles = Readonly<Record<"cache" | "sessions" | "tokens" | "ioredis", Bundle>>;

/** Builds the functions as they are deployed, and beside them a bundle that holds only ioredis. */
export async function buildBundles(folder: string): Promise<Bundles> {
  const { custom } = yaml.load(readFileSync(join(projectDir, "serverless.yml"), "utf8"));
  const { bundle, minify, sourcemap, format, target, external, banner } = custom.esbuild;
  const deployed = {
    bundle,
    minify,
    sourcemap,
    format,
    target,
    external,
    banner,
    platform: "node",
  } as BuildOptions;
  const make = async (name: string, entry: BuildOptions): Promise<Bundle> => {
    const file = join(folder, `${name}.mjs`);
    await build({ ...deployed, ...entry, absWorkingDir: projectDir, outfile: file });
    return { file, bytes: statSync(file).size };
  };
  const makeFunction = (name: string) => make(name, { entryPoints: [`functions/${name}/handler.ts`] });
  return {
    cache: await makeFunction("cache"),
    sessions: await makeFunction("sessions"),
    tokens: await makeFunction("tokens"),
    ioredis: await make("ioredis", {
      stdin: { contents: 'export { Redis } from "ioredis";', resolveDir: projectDir },
    }),
  };
}
