import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findOnPath } from "./engine-on-path.ts";
import { usableEngine } from "./engine-version.ts";
import { installOnce } from "./install-once.ts";

const run = promisify(execFile);

/** redis-tools holds the server too: redis-check-rdb and redis-server are one program that looks at its name. */
const PACKAGES = ["redis-tools", "liblzf1", "libjemalloc2", "libatomic1"];

const WRAPPER = `#!/bin/sh
root=$(dirname "$0")
for folder in "$root"/usr/lib/*-linux-* "$root"/lib/*-linux-*; do
  [ -d "$folder" ] && LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "$root/engine/redis-server" "$@"
`;

/** The distribution's Redis, downloaded with apt and unpacked into `cacheDir`; nothing is installed and root is not needed. */
export async function engineFromDebian(cacheDir: string, say: (line: string) => void): Promise<string> {
  for (const program of ["apt-get", "dpkg-deb"]) {
    if (!(await findOnPath(program)))
      throw new Error(`no ${program} on PATH (not a Debian or Ubuntu machine)`);
  }
  const target = join(cacheDir, "redis-debian");
  await installOnce(target, async (folder) => {
    const files = await downloadPackages(folder, say);
    say(`Unpacking ${files.length} packages`);
    for (const file of files) await run("dpkg-deb", ["--extract", file, folder]);
    await rm(join(folder, "apt"), { recursive: true });
    await mkdir(join(folder, "engine"));
    await symlink("../usr/bin/redis-check-rdb", join(folder, "engine", "redis-server"));
    await writeFile(join(folder, "redis-server"), WRAPPER);
    await chmod(join(folder, "redis-server"), 0o755);
    await usableEngine(join(folder, "redis-server"));
  });
  return usableEngine(join(target, "redis-server"));
}

async function downloadPackages(folder: string, say: (line: string) => void): Promise<string[]> {
  const apt = join(folder, "apt");
  const lists = join(apt, "lists");
  for (const path of [join(lists, "partial"), join(apt, "cache", "archives", "partial"), join(apt, "debs")]) {
    await mkdir(path, { recursive: true });
  }
  const options = ["-o", `Dir::Cache=${join(apt, "cache")}`, "-o", "APT::Sandbox::User="];
  const ownLists = [...options, "-o", `Dir::State::lists=${lists}`];
  say("Downloading Redis from the distribution's packages (about 2 MB, not installed)");
  try {
    await download(options, join(apt, "debs"));
  } catch {
    say("Fetching fresh package lists first");
    // A source that cannot be reached fails the update, but the others may be all that is needed.
    await run("apt-get", ["update", ...ownLists]).catch(() => undefined);
    await download(ownLists, join(apt, "debs"));
  }
  const names = await readdir(join(apt, "debs"));
  return names.filter((name) => name.endsWith(".deb")).map((name) => join(apt, "debs", name));
}

async function download(options: readonly string[], folder: string): Promise<void> {
  const names = new Set([...PACKAGES, ...(await missingLibraries(options))]);
  await run("apt-get", ["download", ...options, ...names], { cwd: folder }).catch((error: unknown) => {
    const lines = String((error as { stderr?: unknown }).stderr ?? error).split("\n");
    throw new Error(`apt-get: ${lines.find((line) => line.startsWith("E: ")) ?? "the download failed"}`);
  });
}

/** What redis-tools needs beyond the system's own libraries. The C library must match the system's loader, so never that. */
async function missingLibraries(options: readonly string[]): Promise<string[]> {
  const simulation = ["install", "--simulate", "--no-install-recommends", ...options, "redis-tools"];
  const { stdout } = await run("apt-get", simulation).catch(() => ({ stdout: "" }));
  return [...stdout.matchAll(/^Inst (lib\S+)/gm)]
    .map((match) => match[1] as string)
    .filter((name) => !/^libc\d|^libc-|^libgcc/.test(name));
}
