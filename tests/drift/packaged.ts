import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { projectDir } from "../../dev/paths.ts";
import { copyProject, packageProject } from "../infra/packager.ts";

/** Of the environment that the project is packaged in; nothing that is deployed may know it. */
export const SECRET = "known-to-the-packager-alone";

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
  readonly bytes: number;
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

/** Packages a copy of the project, and unpacks every zip. */
export async function packageService(): Promise<{ packaged: Packaged; folder: string }> {
  const project = copyProject();
  const folder = dirname(project);
  const environment = { SOME_PASSWORD: SECRET };
  const { Resources } = await packageProject(project, { output: "out", environment });

  const state = readFileSync(join(project, "out/serverless-state.json"), "utf8");
  const { functions } = JSON.parse(state).service as Packaged;
  const unpacked = Object.keys(functions).map(async (name) => {
    return [name, await unpack(join(project, "out", `${name}.zip`), join(folder, "unpacked", name))] as const;
  });
  const resources = Resources as Packaged["resources"];
  return {
    packaged: { functions, resources, zips: Object.fromEntries(await Promise.all(unpacked)) },
    folder,
  };
}

async function unpack(file: string, folder: string): Promise<Zip> {
  const zip = readFileSync(file);
  const { files } = await jszip.loadAsync(zip);
  const sizes: Record<string, number> = {};
  for (const [path, entry] of Object.entries(files)) {
    if (entry.dir) continue;
    const bytes = await entry.async("nodebuffer");
    sizes[path] = bytes.length;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return { bytes: zip.length, sizes, folder };
}
