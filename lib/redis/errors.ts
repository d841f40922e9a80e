/** Redis could not be asked, or did not answer before the deadline. Nothing is known to be lost; ask again later. */
export class RedisUnavailable extends Error {
  override name = "RedisUnavailable";
}

/** Redis refuses writes because `maxmemory` is reached; the write did not happen, reads go on. */
export class OutOfMemory extends Error {
  override name = "OutOfMemory";
}

/**
 * What an error says about the command that met it:
 * - `refused`: the server answered that it does not serve now; the command did not run, so sending it again is safe.
 * - `lost`: the connection broke or stayed silent; the command may have run.
 * - `out_of_memory`: the write did not happen and another try would meet the same.
 * - `fault`: anything else is a mistake in this program.
 */
export type Failure = "refused" | "lost" | "out_of_memory" | "fault";

const REFUSALS = new Set([
  "LOADING",
  "READONLY",
  "MASTERDOWN",
  "CLUSTERDOWN",
  "TRYAGAIN",
  "NOREPLICAS",
  "MISCONF",
  "BUSY",
  "NOAUTH",
  "WRONGPASS",
  "NOPERM",
  "NOSCRIPT",
  "MOVED",
  "ASK",
]);

export function classify(error: unknown): Failure {
  if (!(error instanceof Error)) return "fault";
  if (error instanceof RedisUnavailable) return "lost";
  if (error.name !== "ReplyError") return isOurMistake(error) ? "fault" : "lost";
  // An error inside a script may come wrapped: `ERR Error running script ...: -READONLY You can't ...`.
  const words = [...error.message.matchAll(/(?:^|-)([A-Z]+) /g)].map(([, word]) => word ?? "");
  if (words.includes("OOM")) return "out_of_memory";
  if (words.some((word) => REFUSALS.has(word))) return "refused";
  if (error.message.startsWith("ERR max number of clients")) return "refused";
  return "fault";
}

/** ioredis hangs the command with its arguments on an error: values and passwords, which no log may show. */
export function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) {
    for (const name of ["command", "previousErrors"]) Reflect.deleteProperty(error, name);
  }
  return error;
}

/** ioredis and the socket reject with plain errors; what the language itself throws is never theirs. */
function isOurMistake(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}
