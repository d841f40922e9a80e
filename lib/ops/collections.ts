import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import type { Redis } from "ioredis";
import type { Client } from "../redis/client.ts";
import type { Connection } from "../redis/connection.ts";
import { featureOf } from "../redis/keys.ts";
import { isRefusal, orNotAvailable } from "./availability.ts";
import { askOne, type Place, placesOf } from "./nodes.ts";
import { ORIGIN, type Sized, sweep } from "./sweep.ts";

/** Of each call, or a little more: how many come at once is up to SCAN. */
const MAX_KEYS = 5000;
/** Of the deadline. */
const SHARE = 0.5;
/** Of a name: keys of ours are shorter, others may be longer than an answer. */
const MAX_NAME = 2048;
const MAX_CURSOR = 2n ** 64n - 1n;

const LENGTHS: Readonly<Record<string, string>> = {
  hash: "hlen",
  list: "llen",
  set: "scard",
  stream: "xlen",
  string: "strlen",
  zset: "zcard",
};

export interface Collection extends Omit<Sized, "key"> {
  /** Bytes that are no UTF-8 as `\xff`. */
  readonly key: string;
  readonly feature: string | undefined;
  /** Of a string its bytes; undefined where the server does not count them. */
  readonly members: number | undefined;
  readonly node: string;
}

export interface Stretch {
  /** The biggest of the keys that this call went over, the biggest first. */
  readonly collections: Collection[];
  readonly scannedKeys: number;
  /** Primaries that did not answer this call or one before, and were left out. */
  readonly unreachable: string[];
  /** Where the next call goes on; undefined after the last. */
  readonly last: string | undefined;
}

/** A position names the primaries that it was taken on, which of them was being swept, where, and which were left out. */
interface Position {
  readonly index: number;
  readonly cursor: string;
  readonly missed: readonly number[];
}

/**
 * Sweeps a stretch of all keys, primary by primary, and goes on where an earlier call ended. `moved` when the primaries
 * are not those of then: a SCAN cursor means nothing to another server. Not sent again where an answer was lost.
 */
export function findCollections(connection: Connection, from: { limit: number; after: string | undefined }) {
  const withinMs = connection.deadlineMs * SHARE;
  return connection.run((redis) => orNotAvailable(sweepStretch(redis as Client, withinMs, from)));
}

async function sweepStretch(
  client: Client,
  withinMs: number,
  { limit, after }: { limit: number; after: string | undefined },
): Promise<Stretch | "moved"> {
  const endsAt = performance.now() + withinMs;
  const primaries = await placesOf(client, "primaries", withinMs / 4);
  const servers = hash("sha256", primaries.map(({ address }) => address).join(), "base64url").slice(0, 12);
  const position = readPosition(after ?? `${servers} 0 ${ORIGIN} `, servers, primaries.length);
  if (!position) return "moved";
  let { index, cursor } = position;
  const missed = [...position.missed];
  const found: { place: Place; sized: Sized }[] = [];
  for (let place = primaries[index]; place; place = primaries[index]) {
    const leftMs = endsAt - performance.now();
    const maxKeys = MAX_KEYS - found.length;
    if (leftMs <= 0 || maxKeys <= 0) break;
    const from = { from: cursor, maxKeys, withinMs: leftMs };
    const swept = await askOne(place, (node) => sweep(node, from), leftMs + withinMs / 2).catch((error) => {
      if (isRefusal(error) || missed.length + 1 === primaries.length) throw error;
      missed.push(index); // the others can still be seen
      return { keys: [], cursor: ORIGIN };
    });
    for (const sized of swept.keys) found.push({ place, sized });
    cursor = swept.cursor;
    if (cursor === ORIGIN) index++;
  }
  const biggest = found.sort((one, other) => other.sized.bytes - one.sized.bytes).slice(0, limit);
  return {
    collections: await Promise.all(biggest.map(({ place, sized }) => describe(place, sized))),
    scannedKeys: found.length,
    unreachable: missed.flatMap((index) => primaries[index]?.address ?? []),
    last: index < primaries.length ? `${servers} ${index} ${cursor} ${missed}` : undefined,
  };
}

/** ioredis sends what is asked of one node at the same time without waiting for the replies. */
async function describe({ address, node }: Place, { key, ...sized }: Sized): Promise<Collection> {
  const length = LENGTHS[sized.type];
  // It may be refused, or another kind of key by now.
  const reply = length ? await (node as Redis).call(length, key).catch(() => undefined) : undefined;
  const members = reply === undefined ? undefined : Number(reply);
  return { key: nameOf(key), ...sized, feature: featureOf(String(key)), members, node: address };
}

function nameOf(key: Buffer): string {
  const name = isUtf8(key)
    ? key.toString()
    : key
        .toString("latin1")
        .replaceAll(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}

/** Undefined for a position among other primaries, or that there cannot be. */
function readPosition(text: string, servers: string, primaries: number): Position | undefined {
  const [, named, index, cursor = "", missed = ""] = /^(\S+) (\d+) (\d{1,20}) ([\d,]*)$/.exec(text) ?? [];
  const position = { index: Number(index), cursor, missed: missed.split(",").filter(Boolean).map(Number) };
  const isPossible =
    named === servers &&
    BigInt(cursor) <= MAX_CURSOR &&
    [position.index, ...position.missed].every((each) => each < primaries);
  return isPossible ? position : undefined;
}
