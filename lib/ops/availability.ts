/** What stands for a part that the server refuses to tell. ElastiCache, and Serverless above all, takes commands away. */
export const NOT_AVAILABLE = "not_available" as const;

export type Told<T> = T | typeof NOT_AVAILABLE;

/** A command that is not there (renamed, or taken away by the provider), or that this user may not call; the last two in a script. */
const REFUSAL =
  /^(NOPERM |ERR (unknown (sub)?command|unknown redis command|the user executing the script|acl failure in script))/i;

export function isRefusal(error: unknown): boolean {
  return error instanceof Error && REFUSAL.test(error.message);
}

/** As `reply`, or `not_available` where the server refuses the command. Whatever else goes wrong is thrown. */
export function unlessRefused<T>(error: Error | null, reply: T): Told<T> {
  if (!error) return reply;
  if (isRefusal(error)) return NOT_AVAILABLE;
  throw error;
}

/** As `work`, or `not_available` where it met such a refusal. */
export async function orNotAvailable<T>(work: Promise<T>): Promise<Told<T>> {
  return work.catch((error: Error) => unlessRefused(error, NOT_AVAILABLE));
}
