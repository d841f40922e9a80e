import { type ChainableCommander, Cluster, type Redis } from "ioredis";
import { classify } from "./errors.ts";
import { inOneWrite } from "./one-write.ts";

/** Issues one command (or script) on a client, or on a pipeline of one. */
export type Call = (redis: ChainableCommander) => unknown;

/**
 * Runs independent calls in one round trip: a single pipeline on a standalone server; on a cluster each by itself, all at
 * once. Replies come in the order of the calls. Rejects with the first error; the other calls may have run. `onError` may
 * turn the error of one call into its reply instead.
 */
export async function fanOut(
  redis: Redis | Cluster,
  calls: readonly Call[],
  onError: (error: Error) => unknown = fail,
): Promise<unknown[]> {
  // A client takes the commands of a pipeline, and gives the replies itself. To make a pipeline for one would cost more
  // than the call. While a slot moves, a cluster's pipeline asks one node for the keys of both, and takes none for missing.
  if (calls.length === 1 || redis instanceof Cluster) {
    const client = redis as unknown as ChainableCommander;
    const issue = () => calls.map((call) => Promise.resolve(call(client)));
    const replies = calls.length === 1 ? issue() : inOneWrite(redis, issue);
    return Promise.all(replies.map((reply) => reply.catch(onError)));
  }
  const pipeline = redis.pipeline();
  for (const call of calls) call(pipeline);
  const results = (await pipeline.exec()) ?? [];
  return results.map(([error, reply]) => (error ? onError(error) : reply));
}

/** For `fanOut`: a call that a full Redis refused has the reply null, and does not fail the others. */
export function nullForWantOfMemory(error: Error): null {
  if (classify(error) === "out_of_memory") return null;
  throw error;
}

function fail(error: Error): never {
  throw error;
}
