import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { projectDir } from "../../dev/paths.ts";

const NO_SOURCES = ["node_modules", ".git", ".redigate", ".serverless", ".esbuild", ".env", "tests"];

interface FunctionConfig {
  readonly name: string;
  readonly handler: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly events: readonly {
    readonly httpApi?: "*" | { readonly method: string; readonly path: string };
    readonly schedule?: string;
  }[];
}

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** What `sls package` makes of the project. */
export interface Packaged {
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly zips: Readonly<Record<string, Zip>>;
}

export interface Zip {
  /** Bytes by path. */
  readonly sizes: Readonly<Record<string, number>>;
  /** The empty folder that the zip was unpacked in, as Lambda does. */
  readonly folder: string;
}

interface JsZip {
  readonly files: Record<string, { readonly dir: boolean; async(type: "nodebuffer"): Promise<Buffer> }>;
}
const jszip: { loadAsync(bytes: Buffer): Promise<JsZip> } = createRequire(
  join(projectDir, "node_modules/serverless/package.json"),
)("jszip");

/** Packages a copy of the project, since the tool keeps its work in the project's folder, and unpacks every zip. */
export async function packageService(): Promise<{ packaged: Packaged; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "redigate-package-"));
  const project = join(folder, "project");
  const noSources = NO_SOURCES.map((name) => join(projectDir, name));
  cpSync(projectDir, project, { recursive: true, filter: (path) => !noSources.includes(path) });
  symlinkSync(join(projectDir, "node_modules"), join(project, "node_modules"));
  await runPackager(project);

  const read = (name: string) => JSON.parse(readFileSync(join(project, "out", name), "utf8"));
  const { functions } = read("serverless-state.json").service as Packaged;
  const unpacked = Object.keys(functions).map(async (name) => {
    return [name, await unpack(join(project, "out", `${name}.zip`), join(folder, "unpacked", name))] as const;
  });
  const { Resources: resources } = read("cloudformation-template-update-stack.json");
  return {
    packaged: { functions, resources, zips: Object.fromEntries(await Promise.all(unpacked)) },
    folder,
  };
}

async function runPackager(cwd: string): Promise<void> {
  const { PATH, HOME } = process.env;
  const words = [join(projectDir, "node_modules/.bin/sls"), "package", "--package", "out"];
  try {
    await promisify(execFile)(process.execPath, words, { cwd, env: { PATH, HOME } });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`\`sls package\` failed: ${stdout}${stderr}`);
  }
}

async function unpack(file: string, folder: string): Promise<Zip> {
  const { files } = await jszip.loadAsync(readFileSync(file));
  const sizes: Record<string, number> = {};
  for (const [path, entry] of Object.entries(files)) {
    if (entry.dir) continue;
    const bytes = await entry.async("nodebuffer");
    sizes[path] = bytes.length;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return { sizes, folder };
}
