import calculateSlot from "cluster-key-slot";
import type { ChainableCommander } from "ioredis";
import { Cluster, type Redis } from "ioredis";
import { classify } from "./errors.ts";

/** One command (or script) whose keys share the slot of `key`. */
export interface Call {
  readonly key: string;
  readonly add: (pipeline: ChainableCommander) => unknown;
}

/**
 * Runs independent calls in one round trip: a single pipeline on a standalone server, one pipeline per slot, all at
 * once, on a cluster. Replies come in the order of the calls. Rejects with the first error; the other calls may
 * have run. `onError` may turn the error of one call into its reply instead.
 */
export async function fanOut(
  redis: Redis | Cluster,
  calls: readonly Call[],
  onError: (error: Error) => unknown = fail,
): Promise<unknown[]> {
  const [only, second] = calls;
  // A client takes the commands of a pipeline, and gives the reply itself: to make one would cost more than the call.
  if (only && !second)
    return [await Promise.resolve(only.add(redis as unknown as ChainableCommander)).catch(onError)];
  const replies: unknown[] = new Array(calls.length);
  const groups = redis instanceof Cluster ? bySlot(calls) : [calls.map((_, index) => index)];
  await Promise.all(
    groups.map(async (indexes) => {
      const pipeline = redis.pipeline();
      for (const index of indexes) calls[index]?.add(pipeline);
      const results = await pipeline.exec();
      indexes.forEach((index, position) => {
        const [error, reply] = results?.[position] ?? [new Error("The pipeline gave no reply"), undefined];
        replies[index] = error ? onError(error) : reply;
      });
    }),
  );
  return replies;
}

function bySlot(calls: readonly Call[]): number[][] {
  const slots = new Map<number, number[]>();
  calls.forEach(({ key }, index) => {
    const slot = calculateSlot(key);
    const indexes = slots.get(slot);
    if (indexes) indexes.push(index);
    else slots.set(slot, [index]);
  });
  return [...slots.values()];
}

/** For `fanOut`: a call that a full Redis refused has the reply null, and does not fail the others. */
export function nullForWantOfMemory(error: Error): null {
  if (classify(error) === "out_of_memory") return null;
  throw error;
}

function fail(error: Error): never {
  throw error;
}
