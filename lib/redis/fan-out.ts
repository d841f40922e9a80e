import { type ChainableCommander, Cluster, type Redis } from "ioredis";
import { classify } from "./errors.ts";
import { inOneWrite } from "./one-write.ts";

/** Issues one command (or script) on a client, or on a pipeline of one. */
export type Call = (redis: ChainableCommander) => unknown;

/**
 * Runs independent calls in one round trip: a single pipeline on a standalone server; on a cluster each by itself, all at
 * once. Replies come in the order of the calls. Rejects with the first error; the other calls may have run. `onError` is
 * told each error and whose it is, and may turn it into the reply of that call instead.
 */
export async function fanOut(
  redis: Redis | Cluster,
  calls: readonly Call[],
  onError: (error: Error, call: number) => unknown = fail,
): Promise<unknown[]> {
  // A client takes the commands of a pipeline, and gives the replies itself. To make a pipeline for one would cost more
  // than the call. While a slot moves, a cluster's pipeline asks one node for the keys of both, and takes none for missing.
  if (calls.length === 1 || redis instanceof Cluster) {
    const client = redis as unknown as ChainableCommander;
    const issue = () => calls.map((call) => Promise.resolve(call(client)));
    const replies = calls.length === 1 ? issue() : inOneWrite(redis, issue);
    return Promise.all(replies.map((reply, at) => reply.catch((error) => onError(error, at))));
  }
  const pipeline = redis.pipeline();
  for (const call of calls) call(pipeline);
  const results = (await pipeline.exec()) ?? [];
  return Promise.all(results.map(async ([error, reply], at) => (error ? onError(error, at) : reply)));
}

/** For `fanOut`: a call that a full Redis refused has the reply null, and does not fail the others. */
export function nullForWantOfMemory(error: Error): null {
  if (classify(error) === "out_of_memory") return null;
  throw error;
}

function fail(error: Error): never {
  throw error;
}
