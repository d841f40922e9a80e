import { join } from "node:path";
import { RedisBinary } from "redis-memory-server";
import { findOnPath } from "./engine-on-path.ts";
import { usableEngine } from "./engine-version.ts";
import { installOnce } from "./install-once.ts";

const VERSION = "7.2.7";

/** A Redis compiled on this machine into `cacheDir`, for systems without packages to unpack. Takes minutes. */
export async function engineFromSource(cacheDir: string, say: (line: string) => void): Promise<string> {
  for (const program of ["make", "cc"]) {
    if (!(await findOnPath(program))) throw new Error(`no ${program} on PATH to compile Redis with`);
  }
  const target = join(cacheDir, `redis-${VERSION}`);
  await installOnce(target, async (folder) => {
    say(`Downloading and compiling Redis ${VERSION} (once; this takes some minutes)`);
    // Without this the package downloads without checking the certificate.
    process.env.npm_config_strict_ssl = "true";
    await RedisBinary.getPath({ version: VERSION, downloadDir: folder, systemBinary: "" });
  });
  return usableEngine(join(target, VERSION, "redis-server"));
}
