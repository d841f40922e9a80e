import { existsSync, realpathSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { projectDir } from "../../dev/paths.ts";
import { findOnPath } from "../../dev/redis/engine-on-path.ts";
import { findEngine } from "../../dev/redis/find-engine.ts";
import { openTerminal } from "./steps.ts";

/** What a step may write over, and what is not of the project's sources. */
const NOT_THERE = [".git", ".redigate", ".serverless", ".env"];

/**
 * A folder that looks like the project, for commands that write files, with `redis-cli` and `redis-server` on its PATH:
 * those of the engine that the tests run on.
 */
export async function prepareDesk() {
  const folder = await mkdtemp(join(tmpdir(), "redigate-runbook-"));
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const name of await readdir(projectDir))
    if (!NOT_THERE.includes(name)) await symlink(join(projectDir, name), join(folder, name));
  const engine = await findEngine();
  await program(join(bin, "redis-server"), engine);
  await program(join(bin, "redis-cli"), await findCli(engine));
  const node = dirname(process.execPath);
  const PATH = [bin, node, process.env.PATH ?? ""].join(delimiter);
  return {
    folder,
    terminal: (environment: Readonly<Record<string, string>>) =>
      openTerminal(folder, { ...environment, PATH }),
    clear: () => rm(folder, { recursive: true, force: true }),
  };
}

async function program(file: string, path: string): Promise<void> {
  const libraries = ["usr/lib", "lib"].map((part) => `"$root"/${part}/*-linux-*`).join(" ");
  const root = path.includes("/usr/bin/") ? path.slice(0, path.indexOf("/usr/bin/")) : "";
  const preparation =
    root && root !== "/"
      ? `root="${root}"
for folder in ${libraries}; do
  [ -d "$folder" ] && LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH`
      : "";
  await writeFile(file, `#!/bin/sh\n${preparation}\nexec "${path}" "$@"\n`);
  await chmod(file, 0o755);
}

/** Beside the server, or where the distribution's package has it; the two engines understand each other's. */
async function findCli(engine: string): Promise<string> {
  const beside = dirname(realpathSync(engine));
  const names = ["redis-cli", "valkey-cli"];
  const candidates = [beside, join(beside, "usr/bin")].flatMap((folder) =>
    names.map((name) => join(folder, name)),
  );
  const onPath = await Promise.all(names.map((name) => findOnPath(name)));
  const found = [...candidates.filter(existsSync), ...onPath].find(Boolean);
  if (!found) throw new Error("There is no redis-cli or valkey-cli. Install one of them to run the runbook.");
  return found;
}

export type Desk = Awaited<ReturnType<typeof prepareDesk>>;
