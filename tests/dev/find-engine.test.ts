import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { engineOnPath } from "../../dev/redis/engine-on-path.ts";
import { usableEngine } from "../../dev/redis/engine-version.ts";
import { findEngine } from "../../dev/redis/find-engine.ts";
import { installOnce } from "../../dev/redis/install-once.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "redigate-engine-"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function fakeProgram(name: string, output: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\necho '${output}'\n`);
  await chmod(join(folder, name), 0o755);
}

test("an empty cache gets a server that runs, also when two ask at once", { timeout: 600_000 }, async () => {
  const found = await Promise.all([findEngine(folder), findEngine(folder)]);
  expect(found[0]).toBe(found[1]);
  await expect(usableEngine(found[0])).resolves.toBe(found[0]);
  const leftovers = (await readdir(folder)).filter((name) => name.startsWith("."));
  expect(leftovers).toEqual([]);
});

test("valkey-server on PATH is as good as redis-server", async () => {
  await fakeProgram("valkey-server", "Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc bits=64");
  vi.stubEnv("PATH", folder);
  await expect(engineOnPath()).resolves.toBe(join(folder, "valkey-server"));
});

test("a server too old for the functions is refused, and it is said why", async () => {
  await fakeProgram("redis-server", "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc bits=64");
  vi.stubEnv("PATH", folder);
  await expect(engineOnPath()).rejects.toThrow("is older than version 7");
});

test("where no source has a server, one message says what to install", async () => {
  const nothing = async () => Promise.reject(new Error("nothing here"));
  await expect(findEngine(folder, [nothing, nothing])).rejects.toThrow(
    "No Redis server found. Install redis-server or valkey-server 7 or newer, or set REDIS_URL. Tried: nothing here; nothing here.",
  );
});

test("ENGINE asks for one of the two, and no other stands in for it", async () => {
  await fakeProgram("redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc bits=64");
  await fakeProgram("valkey-server", "Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc bits=64");
  vi.stubEnv("PATH", folder);
  for (const name of ["redis", "valkey"]) {
    vi.stubEnv("ENGINE", name);
    await expect(findEngine(folder)).resolves.toBe(join(folder, `${name}-server`));
  }
  await rm(join(folder, "valkey-server"));
  await expect(findEngine(folder)).rejects.toThrow(
    "No Valkey server found. Install valkey-server 7 or newer, or set REDIS_URL. Tried: no valkey-server on PATH; no apt-get on PATH",
  );
  vi.stubEnv("ENGINE", "memcached");
  await expect(findEngine(folder)).rejects.toThrow("ENGINE must be redis or valkey");
});

test("packages that cannot be downloaded are a failure that says why, and leave nothing", async () => {
  await fakeProgram("dpkg-deb", "");
  const apt = "#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n";
  await writeFile(join(folder, "apt-get"), apt, { mode: 0o755 });
  vi.stubEnv("PATH", folder);
  vi.stubEnv("ENGINE", "valkey");
  const cacheDir = join(folder, "cache");
  await expect(findEngine(cacheDir)).rejects.toThrow(/^No Valkey server found.*E: Unable to locate package/);
  expect(await readdir(cacheDir)).toEqual([]);
});

test("an interrupted installation leaves nothing that looks complete", async () => {
  const target = join(folder, "engine");
  const broken = installOnce(target, async (draft) => {
    await writeFile(join(draft, "half"), "");
    throw new Error("interrupted");
  });
  await expect(broken).rejects.toThrow("interrupted");
  expect(await readdir(folder)).toEqual([]);
});

test("of two installations at once both end with a complete one", async () => {
  const target = join(folder, "engine");
  const fill = (text: string) => async (draft: string) => writeFile(join(draft, "whole"), text);
  await Promise.all([installOnce(target, fill("a")), installOnce(target, fill("b"))]);
  expect(await readdir(folder)).toEqual(["engine"]);
  expect(await readdir(target)).toEqual(["whole"]);
});
