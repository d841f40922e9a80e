import type { Redis } from "ioredis";
import { opsScripts, type SizeReply } from "./scripts.ts";

/** What one SCAN looks at: little enough that others hardly wait. */
const STEP = 100;
/** The start of a sweep, and its end. */
export const ORIGIN = "0";
/** A key that is on another node by now, or is on its way. */
const ELSEWHERE = /^(MOVED|ASK|TRYAGAIN) /;

export interface Sized {
  readonly key: Buffer;
  readonly type: string;
  readonly bytes: number;
  /** By Redis; otherwise they are estimated. */
  readonly measured: boolean;
}

export interface Swept {
  readonly keys: readonly Sized[];
  /** Where to go on; `ORIGIN` when all keys have been seen. */
  readonly cursor: string;
}

/**
 * Goes over some keys of one node in the order of SCAN, which follows their hashes and not their names, so that the first
 * keys are a sample of all. Ends by the time or the number, whichever is first. Keys that are there all the while are
 * seen; what SCAN gives twice is here once.
 */
export async function sweep(
  node: Redis,
  { from = ORIGIN, maxKeys, withinMs }: { from?: string; maxKeys: number; withinMs: number },
): Promise<Swept> {
  if (!("opsSize" in node)) (node as Redis).defineCommand("opsSize", opsScripts.opsSize);
  const endsAt = performance.now() + withinMs;
  const keys = new Map<string, Sized>();
  let cursor = from;
  do {
    const [next, names] = await node.scanBuffer(cursor, "COUNT", STEP);
    for (const sized of await sizesOf(node, names)) keys.set(sized.key.toString("latin1"), sized);
    cursor = String(next);
  } while (cursor !== ORIGIN && keys.size < maxKeys && performance.now() < endsAt);
  return { keys: [...keys.values()], cursor };
}

async function sizesOf(node: Redis, names: readonly Buffer[]): Promise<Sized[]> {
  if (names.length === 0) return [];
  const pipeline = node.pipeline();
  for (const name of names) pipeline.opsSize(name);
  const results = (await pipeline.exec()) ?? [];
  return names.flatMap((key, index) => {
    const [error, reply] = results[index] ?? [];
    if (error && !ELSEWHERE.test(error.message)) throw error;
    const [type, bytes, measured] = (error ? ["none", 0, 0] : reply) as SizeReply;
    return type === "none" ? [] : [{ key, type, bytes, measured: measured === 1 }];
  });
}
