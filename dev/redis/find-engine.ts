import { cacheDir as defaultCacheDir } from "../paths.ts";
import { redisFromDebian, valkeyFromDebian } from "./engine-from-debian.ts";
import { engineFromSource } from "./engine-from-source.ts";
import { engineOnPath, redisOnPath, valkeyOnPath } from "./engine-on-path.ts";

type Source = (cacheDir: string, say: (line: string) => void) => Promise<string>;

/** What ENGINE may say, and where that engine comes from. */
const ENGINES: Record<string, readonly Source[]> = {
  "": [engineOnPath, redisFromDebian, engineFromSource],
  redis: [redisOnPath, redisFromDebian, engineFromSource],
  valkey: [valkeyOnPath, valkeyFromDebian],
};

/**
 * The path of a Redis or Valkey server, downloaded or compiled into `cacheDir` if the machine has none.
 * Progress goes to stderr. Rejects with one message that says what to install.
 */
export async function findEngine(cacheDir = defaultCacheDir, sources = chosenSources()): Promise<string> {
  const reasons: string[] = [];
  for (const source of sources) {
    try {
      return await source(cacheDir, (line) => process.stderr.write(`${line}\n`));
    } catch (error) {
      reasons.push((error as Error).message.trim());
    }
  }
  const [name, program] =
    sources === ENGINES.valkey ? ["Valkey", "valkey-server"] : ["Redis", "redis-server or valkey-server"];
  throw new Error(
    `No ${name} server found. Install ${program} 7 or newer, or set REDIS_URL. Tried: ${reasons.join("; ")}.`,
  );
}

function chosenSources(): readonly Source[] {
  const sources = ENGINES[process.env.ENGINE ?? ""];
  if (!sources) throw new Error("ENGINE must be redis or valkey, or unset for either of them");
  return sources;
}
