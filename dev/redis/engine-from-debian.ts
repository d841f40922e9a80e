import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findOnPath } from "./engine-on-path.ts";
import { usableEngine } from "./engine-version.ts";
import { installOnce } from "./install-once.ts";

const run = promisify(execFile);

/** Where a distribution keeps the server. The tools hold it too: one program looks at the name that it is called by. */
interface Packaged {
  readonly name: string;
  readonly server: string;
  readonly tools: string;
  readonly program: string;
  /** Releases that have it in their backports alone. */
  readonly backportedTo: readonly string[];
}

const REDIS: Packaged = {
  name: "Redis",
  server: "redis-server",
  tools: "redis-tools",
  program: "redis-check-rdb",
  backportedTo: [],
};
const VALKEY: Packaged = {
  name: "Valkey",
  server: "valkey-server",
  tools: "valkey-tools",
  program: "valkey-check-rdb",
  backportedTo: ["bookworm"],
};

const LIBRARIES = ["liblzf1", "libjemalloc2", "libatomic1"];

/** Used where apt does not tell from which mirror it has its lists. */
const DEBIAN = "http://deb.debian.org/debian/";

/** The distribution's Redis, downloaded with apt and unpacked into `cacheDir`; nothing is installed and root is not needed. */
export function redisFromDebian(cacheDir: string, say: (line: string) => void): Promise<string> {
  return engineFromDebian(REDIS, cacheDir, say);
}

/** The same with Valkey. */
export function valkeyFromDebian(cacheDir: string, say: (line: string) => void): Promise<string> {
  return engineFromDebian(VALKEY, cacheDir, say);
}

async function engineFromDebian(
  packaged: Packaged,
  cacheDir: string,
  say: (line: string) => void,
): Promise<string> {
  for (const program of ["apt-get", "dpkg-deb"]) {
    if (!(await findOnPath(program)))
      throw new Error(`no ${program} on PATH (not a Debian or Ubuntu machine)`);
  }
  const { server, program } = packaged;
  const target = join(cacheDir, server.replace("server", "debian"));
  await installOnce(target, async (folder) => {
    const files = await downloadPackages(packaged, join(folder, "apt"), say);
    say(`Unpacking ${files.length} packages`);
    for (const file of files) await run("dpkg-deb", ["--extract", file, folder]);
    await rm(join(folder, "apt"), { recursive: true });
    await mkdir(join(folder, "engine"));
    await symlink(`../usr/bin/${program}`, join(folder, "engine", server));
    await writeFile(join(folder, server), wrapper(server));
    await chmod(join(folder, server), 0o755);
    await usableEngine(join(folder, server));
  });
  return usableEngine(join(target, server));
}

function wrapper(server: string): string {
  return `#!/bin/sh
root=$(dirname "$0")
for folder in "$root"/usr/lib/*-linux-* "$root"/lib/*-linux-*; do
  [ -d "$folder" ] && LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "$root/engine/${server}" "$@"
`;
}

async function downloadPackages(
  { name, tools, backportedTo }: Packaged,
  apt: string,
  say: (line: string) => void,
): Promise<string[]> {
  const debs = join(apt, "debs");
  for (const path of [join(apt, "cache", "archives", "partial"), debs])
    await mkdir(path, { recursive: true });
  const options = ["-o", `Dir::Cache=${join(apt, "cache")}`, "-o", "APT::Sandbox::User="];
  say(`Downloading ${name} from the distribution's packages (about 2 MB, not installed)`);
  const release = await releaseName();
  if (backportedTo.includes(release)) {
    const source = `deb ${await debianMirror(release, options)} ${release}-backports main\n`;
    await writeFile(join(apt, "backports.list"), source);
    const only = [
      "-o",
      `Dir::Etc::sourcelist=${join(apt, "backports.list")}`,
      "-o",
      "Dir::Etc::sourceparts=-",
    ];
    const lists = await ownLists(join(apt, "backports"), [...options, ...only]);
    // What does not come here would be missing below, where it is said less well.
    await aptGet("update", ["-o", "APT::Update::Error-Mode=any", ...lists]).catch((error: Error) => {
      throw new Error(`${name} is in ${release}-backports, which cannot be read: ${error.message}`);
    });
    await aptGet("download", [...lists, tools], debs);
    await downloadWithFreshLists(async () => LIBRARIES);
  } else
    await downloadWithFreshLists(async (lists) => [
      tools,
      ...LIBRARIES,
      ...(await missingLibraries(tools, lists)),
    ]);
  return (await readdir(debs)).filter((file) => file.endsWith(".deb")).map((file) => join(debs, file));

  async function downloadWithFreshLists(names: (lists: readonly string[]) => Promise<readonly string[]>) {
    const download = async (lists: readonly string[]) =>
      aptGet("download", [...lists, ...new Set(await names(lists))], debs);
    try {
      await download(options);
    } catch {
      say("Fetching fresh package lists first");
      const lists = await ownLists(join(apt, "lists"), options);
      // A source that cannot be reached fails the update, but the others may be all that is needed.
      await aptGet("update", lists).catch(() => undefined);
      await download(lists);
    }
  }
}

/** The system's lists may be missing or old, and are not ours to change. */
async function ownLists(folder: string, options: readonly string[]): Promise<string[]> {
  await mkdir(join(folder, "partial"), { recursive: true });
  return [...options, "-o", `Dir::State::lists=${folder}`];
}

async function aptGet(command: string, words: readonly string[], folder?: string): Promise<string> {
  const { stdout } = await run("apt-get", [command, ...words], { ...(folder && { cwd: folder }) }).catch(
    (error: unknown) => {
      const lines = String((error as { stderr?: unknown }).stderr ?? error).split("\n");
      throw new Error(`apt-get: ${lines.find((line) => line.startsWith("E: ")) ?? `the ${command} failed`}`);
    },
  );
  return stdout;
}

/** What the tools need beyond the system's own libraries. The C library must match the system's loader, so never that. */
async function missingLibraries(tools: string, options: readonly string[]): Promise<string[]> {
  const simulation = ["--simulate", "--no-install-recommends", ...options, tools];
  const output = await aptGet("install", simulation).catch(() => "");
  return [...output.matchAll(/^Inst (lib\S+)/gm)]
    .map((match) => match[1] as string)
    .filter((name) => !/^libc\d|^libc-|^libgcc/.test(name));
}

async function releaseName(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^VERSION_CODENAME="?([\w-]+)/m.exec(text)?.[1] ?? "";
}

/** The mirror that the machine has been given for the release itself has its backports too. */
async function debianMirror(release: string, options: readonly string[]): Promise<string> {
  const format = ["--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)"];
  const output = await aptGet("indextargets", [...options, ...format]).catch(() => "");
  const line = output.split("\n").find((line) => line.startsWith(`${release} main `));
  return line?.split(" ")[2] ?? DEBIAN;
}
