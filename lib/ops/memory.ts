import type { Redis } from "ioredis";
import type { Connection } from "../redis/connection.ts";
import { featureOf } from "../redis/keys.ts";
import { NOT_AVAILABLE, orNotAvailable, type Told } from "./availability.ts";
import { numbers, parseInfo } from "./info.ts";
import { askEach } from "./nodes.ts";
import { ORIGIN, type Sized, sweep } from "./sweep.ts";

/** Of each primary, or a little more: how many come at once is up to SCAN. */
const MAX_KEYS = 2000;
/** Of the deadline. */
const SHARE = 0.5;
/** What stands for keys that are none of ours. */
const OTHERS = "other";

interface Share {
  readonly feature: string;
  readonly sampledKeys: number;
  readonly sampledBytes: number;
  /** Of the whole, as the sample makes believe. */
  readonly keys: number;
  readonly bytes: number;
}

interface Sample {
  readonly keys: readonly Sized[];
  /** How many keys of the node each one stands for. */
  readonly weight: number;
  readonly total: number;
  readonly usedBytes: number | undefined;
}

/**
 * Which feature has how many keys and bytes, from a sample of each primary that is the larger the faster it answers. What
 * is rare and large (one board of a million members) may be missed, or count too much; `sampledKeys` of `totalKeys` tells
 * how far to trust it, and where they are the same nothing is guessed. `usedBytes` is what Redis says that it uses, with
 * what belongs to no key; undefined where a primary does not tell.
 */
export async function readMemory(connection: Connection) {
  const { answers, unreachable } = await askEach(
    connection,
    { who: "primaries", idempotent: false },
    (node) => orNotAvailable(takeSample(node, connection.deadlineMs * SHARE)),
  );
  const samples = answers.filter((answer) => answer !== NOT_AVAILABLE);
  if (samples.length === 0) return NOT_AVAILABLE;
  const keys = samples.flatMap((sample) => sample.keys);
  const used = samples.map(({ usedBytes }) => usedBytes);
  return {
    totalKeys: sum(samples.map(({ total }) => total)),
    usedBytes: used.includes(undefined) ? undefined : sum(used as number[]),
    sampledKeys: keys.length,
    measured: keys.every(({ measured }) => measured),
    features: byFeature(samples),
    unreachable,
  };
}

async function takeSample(node: Redis, withinMs: number): Promise<Sample> {
  const [total, info, { keys, cursor }] = await Promise.all([
    node.dbsize(),
    orNotAvailable(node.info("memory")),
    sweep(node, { maxKeys: MAX_KEYS, withinMs }),
  ]);
  const isAll = cursor === ORIGIN;
  return {
    keys,
    weight: isAll ? 1 : Math.max(1, total / Math.max(1, keys.length)),
    total,
    usedBytes: usedBytes(info),
  };
}

function usedBytes(info: Told<string>): number | undefined {
  const told = numbers(parseInfo(info), { bytes: "used_memory" });
  return told === NOT_AVAILABLE ? undefined : told.bytes;
}

/** The largest first. */
function byFeature(samples: readonly Sample[]): Share[] {
  const shares = new Map<string, Share>();
  for (const { keys, weight } of samples) {
    for (const { key, bytes } of keys) {
      const feature = featureOf(String(key)) ?? OTHERS;
      const so = shares.get(feature) ?? { feature, sampledKeys: 0, sampledBytes: 0, keys: 0, bytes: 0 };
      shares.set(feature, {
        feature,
        sampledKeys: so.sampledKeys + 1,
        sampledBytes: so.sampledBytes + bytes,
        keys: so.keys + weight,
        bytes: so.bytes + bytes * weight,
      });
    }
  }
  return [...shares.values()]
    .map((share) => ({ ...share, keys: Math.round(share.keys), bytes: Math.round(share.bytes) }))
    .sort((one, other) => other.bytes - one.bytes);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
