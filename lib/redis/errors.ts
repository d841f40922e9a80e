import { ConfigError } from "../config.ts";

interface UnavailableOptions extends ErrorOptions {
  readonly retryAfterMs?: number;
  readonly answers?: boolean;
}

/** Redis could not be asked, or did not answer before the deadline. Nothing is known to be lost; ask again later. */
export class RedisUnavailable extends Error {
  override name = "RedisUnavailable";
  /** When it is worth asking again. */
  readonly retryAfterMs: number;
  /** The server answers, and may well serve other operations. */
  readonly answers: boolean;

  constructor(
    message: string,
    { retryAfterMs = 1000, answers = false, ...options }: UnavailableOptions = {},
  ) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
    this.answers = answers;
  }
}

/** Redis refuses writes because `maxmemory` is reached; the write did not happen, reads go on. */
export class OutOfMemory extends Error {
  override name = "OutOfMemory";
}

/**
 * What an error says about the command that met it:
 * - `refused`: the server answered that it does not serve now; the command did not run, so sending it again is safe.
 * - `lost`: the connection broke or stayed silent; the command may have run.
 * - `halted`: a script met a command that it must not call. It may have done half of its work, and would take that for
 *   the whole if it were sent again.
 * - `out_of_memory`: the write did not happen and another try would meet the same.
 * - `fault`: anything else is a mistake in this program or its settings.
 */
export type Failure = "refused" | "lost" | "halted" | "out_of_memory" | "fault";

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

/** What NOPERM is called inside a script: before Redis 7.2, and since. */
const HALTED = /^ERR (The user executing the script|ACL failure in script)/;

export function classify(error: unknown): Failure {
  if (!(error instanceof Error)) return "fault";
  if (error instanceof ConfigError) return "fault";
  if (error instanceof RedisUnavailable) return "lost";
  if (error.name !== "ReplyError") return isOurMistake(error) ? "fault" : "lost";
  // An error inside a script may come wrapped: `ERR Error running script ...: -READONLY You can't ...`.
  const words = [...error.message.matchAll(/(?:^|-)([A-Z]+) /g)].map(([, word]) => word ?? "");
  if (HALTED.test(error.message)) return "halted";
  if (words.includes("OOM")) return "out_of_memory";
  if (words.some((word) => REFUSALS.has(word))) return "refused";
  if (error.message.startsWith("ERR max number of clients")) return "refused";
  return "fault";
}

/** Refusals of some commands, by a server that may well serve others. */
const OF_SOME = /(^|-)(READONLY|NOREPLICAS|MISCONF|NOPERM|NOSCRIPT|TRYAGAIN|MOVED|ASK) /;

export function isOfSome(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== "ReplyError") return false;
  return OF_SOME.test(error.message) || HALTED.test(error.message);
}

/** The server does not know us, or no longer. A cluster says so of the last node that it has asked. */
export function isRefusedLogin(error: unknown): boolean {
  const { message, lastNodeError } = error as Error & { readonly lastNodeError?: Error };
  return /^(WRONGPASS|NOAUTH)/.test((lastNodeError ?? { message }).message);
}

/** ioredis hangs the command with its arguments on an error: values and passwords, which no log may show. */
export function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) {
    for (const name of ["command", "previousErrors"]) Reflect.deleteProperty(error, name);
    withoutCommand((error as { readonly lastNodeError?: unknown }).lastNodeError); // of a cluster's node
  }
  return error;
}

/** ioredis and the socket reject with plain errors; what the language itself throws is never theirs. */
function isOurMistake(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}
