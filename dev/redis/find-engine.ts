import { cacheDir as defaultCacheDir } from "../paths.ts";
import { engineFromDebian } from "./engine-from-debian.ts";
import { engineFromSource } from "./engine-from-source.ts";
import { engineOnPath } from "./engine-on-path.ts";

type Source = (cacheDir: string, say: (line: string) => void) => Promise<string>;

const SOURCES: readonly Source[] = [engineOnPath, engineFromDebian, engineFromSource];

/**
 * The path of a Redis or Valkey server, downloaded or compiled into `cacheDir` if the machine has none.
 * Progress goes to stderr. Rejects with one message that says what to install.
 */
export async function findEngine(cacheDir = defaultCacheDir, sources = SOURCES): Promise<string> {
  const reasons: string[] = [];
  for (const source of sources) {
    try {
      return await source(cacheDir, (line) => process.stderr.write(`${line}\n`));
    } catch (error) {
      reasons.push((error as Error).message.trim());
    }
  }
  throw new Error(
    `No Redis server found. Install redis-server or valkey-server 7 or newer, or set REDIS_URL. Tried: ${reasons.join("; ")}.`,
  );
}
