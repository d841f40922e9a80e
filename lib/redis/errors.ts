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
 * - `halted`: we may not call a command. A script may have done half of its work by then, and would take that for the
 *   whole if it were sent again.
 * - `out_of_memory`: the write did not happen and another try would meet the same.
 * - `fault`: anything else is a mistake in this program or its settings.
 */
export type Failure = "refused" | "lost" | "halted" | "out_of_memory" | "fault";

const REFUSALS = new Set([
  "LOADING",
  "MASTERDOWN",
  "CLUSTERDOWN",
  "TRYAGAIN",
  "NOREPLICAS",
  "MISCONF",
  "BUSY",
  "NOAUTH",
  "WRONGPASS",
  "NOSCRIPT",
  "MOVED",
  "ASK",
]);

/** NOPERM, and what it is called inside a script: before Redis 7.2, and since. */
const HALTED = /^NOPERM |^ERR (The user executing the script|ACL failure in script)/;
/** From a primary that was demoted; the second is what it says to WAIT. */
const DEMOTED = /(^|-)READONLY |^ERR WAIT cannot be used with replica/;

export function classify(error: unknown): Failure {
  if (!(error instanceof Error)) return "fault";
  if (error instanceof ConfigError) return "fault";
  if (error instanceof RedisUnavailable) return "lost";
  if (error.message.startsWith("Too many Cluster redirections")) return "refused"; // each node refused it
  if (error.name !== "ReplyError") return isOurMistake(error) ? "fault" : "lost";
  // An error inside a script may come wrapped: `ERR Error running script ...: -READONLY You can't ...`.
  const words = [...error.message.matchAll(/(?:^|-)([A-Z]+) /g)].map(([, word]) => word ?? "");
  if (HALTED.test(error.message)) return "halted";
  if (words.includes("OOM")) return "out_of_memory";
  if (words.some((word) => REFUSALS.has(word))) return "refused";
  if (DEMOTED.test(error.message)) return "refused";
  if (error.message.startsWith("ERR max number of clients")) return "refused";
  return "fault";
}

/** Refusals of some commands, by a server that may well serve others. */
const OF_SOME = /(^|-)(NOREPLICAS|MISCONF|NOSCRIPT|TRYAGAIN|MOVED|ASK) /;

export function isOfSome(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== "ReplyError") return false;
  return [OF_SOME, HALTED, DEMOTED].some((words) => words.test(error.message));
}

/** The server was a primary; another one is by now. */
export function isDemoted(error: Error): boolean {
  return DEMOTED.test(error.message);
}

/** The server does not know us, or no longer. A cluster says so of the last node that it has asked. */
export function isRefusedLogin(error: unknown): boolean {
  const { message, lastNodeError } = error as Error & { readonly lastNodeError?: Error };
  return /^(WRONGPASS|NOAUTH)/.test((lastNodeError ?? { message }).message);
}

/** A server that does not know a command quotes what it was called with. */
const QUOTE = /,? with args beginning with:[^\n]*/g;

/** What an error says, without what it quotes. A cluster only says that nobody answers: the reason is its last node's. */
export function reasonOf(error: Error): string {
  const { lastNodeError } = error as { readonly lastNodeError?: Error };
  return (lastNodeError ?? error).message.replace(QUOTE, "");
}

/** ioredis hangs the command with its arguments on an error: values and passwords, which no log may show. */
export function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) {
    for (const name of ["command", "previousErrors"]) Reflect.deleteProperty(error, name);
    error.message = error.message.replace(QUOTE, "");
    if (error.stack) error.stack = error.stack.replace(QUOTE, "");
    withoutCommand((error as { readonly lastNodeError?: unknown }).lastNodeError); // of a cluster's node
  }
  return error;
}

/** ioredis and the socket reject with plain errors; what the language itself throws is never theirs. */
function isOurMistake(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}
