import { type ChainableCommander, Cluster, type Redis } from "ioredis";
import { type Client, inTime } from "../redis/client.ts";
import type { Connection } from "../redis/connection.ts";
import { type Told, unlessRefused } from "./availability.ts";

/** So much of the deadline is for the servers to answer; who is silent then counts as unreachable. */
const SHARE = 0.7;

/** A server that is to be asked, and the connection to it; undefined where the client has lost that. */
export interface Place {
  readonly address: string;
  readonly node: Redis | undefined;
}

export interface Answers<T> {
  readonly answers: T[];
  /** The addresses of the nodes that did not answer in time. */
  readonly unreachable: string[];
}

/** As the function reaches it: host and port, or through sentinels the address that they named. */
export function addressOf({ options, stream }: Redis): string {
  const { host, port, sentinels } = options;
  return (sentinels ? [stream?.remoteAddress, stream?.remotePort] : [host, port]).join(":");
}

/**
 * Which servers there are, always in the same order: of a cluster those of its slot table, which is read anew if that
 * takes no longer. The client's connections would not do: it drops those to servers that are away.
 */
export async function placesOf(
  client: Client,
  who: "primaries" | "everyone",
  withinMs: number,
): Promise<Place[]> {
  if (!(client instanceof Cluster)) return [{ address: addressOf(client), node: client }];
  const refreshed = new Promise<void>((resolve) => client.refreshSlotsCache(() => resolve()));
  await inTime(refreshed, withinMs).catch(() => {});
  const connected = new Map(client.nodes().map((node) => [addressOf(node), node]));
  const ranges = [...new Set(client.slots)]; // slots that the same servers have share one list of them
  const addresses = ranges.flatMap((servers = []) => (who === "primaries" ? servers.slice(0, 1) : servers));
  return [...new Set(addresses)].sort().map((address) => ({ address, node: connected.get(address) }));
}

/** As `question`. Rejects when the server does not answer in time, or is away. */
export async function askOne<T>(
  { address, node }: Place,
  question: (node: Redis) => Promise<T>,
  withinMs: number,
): Promise<T> {
  if (!node) throw new Error(`${address} is away`);
  return inTime(question(node), withinMs);
}

/**
 * Asks servers at once, at most so long that an answer is left by the deadline. One that does not answer is named, and
 * does not keep the others from being heard; rejects as `Connection.run` when none of them answers.
 */
export function askEach<T>(
  connection: Connection,
  { who, idempotent }: { who: "primaries" | "everyone"; idempotent: boolean },
  question: (node: Redis) => Promise<T>,
): Promise<Answers<T>> {
  const withinMs = Math.floor(connection.deadlineMs * SHARE);
  return connection.run(
    async (redis) => {
      const places = await placesOf(redis as Client, who, withinMs / 4);
      const outcomes = await Promise.allSettled(places.map((place) => askOne(place, question, withinMs)));
      const answers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
      const [failure] = outcomes.filter((outcome) => outcome.status === "rejected");
      if (answers.length === 0 && failure) throw failure.reason;
      const silent = places.filter((_, index) => outcomes[index]?.status === "rejected");
      return { answers, unreachable: silent.map(({ address }) => address) };
    },
    { idempotent },
  );
}

/** As `askEach`, of all nodes, and again where an answer was lost: for what costs a server next to nothing. */
export function askEveryNode<T>(
  connection: Connection,
  question: (node: Redis) => Promise<T>,
): Promise<Answers<T>> {
  return askEach(connection, { who: "everyone", idempotent: true }, question);
}

/** The replies to some commands in one round trip, each of which the server may refuse by itself. */
export async function repliesOf(
  node: Redis,
  add: (pipeline: ChainableCommander) => ChainableCommander,
): Promise<Told<unknown>[]> {
  const results = (await add(node.pipeline()).exec()) ?? [];
  return results.map(([error, reply]) => unlessRefused(error, reply));
}
