import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { projectDir } from "../../dev/paths.ts";

/** As the plugin of the CLI takes them: a module that exports the plugins of esbuild. */
type Esbuild = Omit<BuildOptions, "plugins"> & { readonly plugins: string };

const yaml: { load(text: string): { custom: { esbuild: Esbuild } } } = createRequire(
  join(projectDir, "node_modules/serverless/package.json"),
)("js-yaml");

export interface Bundle {
  readonly file: string;
  readonly bytes: number;
}

type Name =
  | "cache"
  | "sessions"
  | "tokens"
  | "leaderboards"
  | "leaderboardsLibrary"
  | "likes"
  | "likesLibrary"
  | "locks"
  | "locksLibrary"
  | "ioredis";

export type Bundles = Readonly<Record<Name, Bundle>>;

/** Of a library without its function. */
const CONNECTING = `
export { Cluster } from "ioredis";
export { readConfig } from "./lib/config.ts";
export { connect } from "./lib/redis/connect.ts";
export { createConnection } from "./lib/redis/connection.ts";`;

const LEADERBOARDS = `${CONNECTING}
export { createLeaderboards } from "./lib/leaderboards/leaderboards.ts";
export { leaderboardScripts } from "./lib/leaderboards/scripts.ts";`;

const LIKES = `${CONNECTING}
export { createLikes } from "./lib/likes/likes.ts";
export { likeScripts } from "./lib/likes/scripts.ts";`;

const LOCKS = `${CONNECTING}
export { readToken } from "./lib/locks/fields.ts";
export { createLocks } from "./lib/locks/locks.ts";
export { lockScripts } from "./lib/locks/scripts.ts";`;

/** Builds the functions as they are deployed, and beside them a bundle that holds only ioredis. */
export async function buildBundles(folder: string): Promise<Bundles> {
  const { custom } = yaml.load(readFileSync(join(projectDir, "serverless.yml"), "utf8"));
  const { bundle, minify, sourcemap, format, target, mainFields, external, banner, plugins } = custom.esbuild;
  const deployed = {
    bundle,
    minify,
    sourcemap,
    format,
    target,
    mainFields,
    external,
    banner,
    plugins: createRequire(import.meta.url)(join(projectDir, plugins)),
    platform: "node",
  } as BuildOptions;
  const make = async (name: string, entry: BuildOptions): Promise<Bundle> => {
    const file = join(folder, `${name}.mjs`);
    await build({ ...deployed, ...entry, absWorkingDir: projectDir, outfile: file });
    return { file, bytes: statSync(file).size };
  };
  const makeFunction = (name: string) => make(name, { entryPoints: [`functions/${name}/handler.ts`] });
  const makeModule = (name: string, contents: string) =>
    make(name, { stdin: { contents, resolveDir: projectDir } });
  return {
    cache: await makeFunction("cache"),
    sessions: await makeFunction("sessions"),
    tokens: await makeFunction("tokens"),
    leaderboards: await makeFunction("leaderboards"),
    leaderboardsLibrary: await makeModule("leaderboards-library", LEADERBOARDS),
    likes: await makeFunction("likes"),
    likesLibrary: await makeModule("likes-library", LIKES),
    locks: await makeFunction("locks"),
    locksLibrary: await makeModule("locks-library", LOCKS),
    ioredis: await makeModule("ioredis", 'export { Redis } from "ioredis";'),
  };
}
