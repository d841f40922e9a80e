import type { Api, Json } from "./api.ts";
import { absence, bytes, table } from "./tables.ts";

interface Limited {
  readonly limit?: string | undefined;
}

export async function* engine(api: Api): AsyncGenerator<string> {
  const { nodes, unreachable } = await api.get("engine");
  yield table(
    ["address", "role", "memory", "of", "policy", "clients", "keys", "hits", "evicted", "commands/s"],
    nodes.map(({ address, role, memory, clients, stats, keyspace }: Json) => [
      address,
      role,
      bytes(memory.usedBytes),
      memory.maxBytes ? bytes(memory.maxBytes) : "-",
      memory.policy,
      clients.connected,
      keyspace.keys,
      hitRate(stats),
      stats.evictedKeys,
      stats.commandsPerSecond,
    ]),
  );
  yield* away(unreachable);
}

function hitRate({ hits, misses }: Json): string {
  return hits + misses > 0 ? `${((100 * hits) / (hits + misses)).toFixed(1)} %` : "-";
}

export async function* memory(api: Api): AsyncGenerator<string> {
  const { memory: sample } = await api.get("memory");
  if (typeof sample === "string") return yield absence("Memory", sample);
  const all = sample.features.reduce((sum: number, share: Json) => sum + share.bytes, 0);
  yield table(
    ["feature", "keys", "memory", "share", "sampled"],
    sample.features.map(({ feature, keys, bytes: size, sampledKeys }: Json) => [
      feature,
      keys,
      bytes(size),
      `${((100 * size) / all).toFixed(1)} %`,
      sampledKeys,
    ]),
  );
  const how = sample.measured ? "measured" : "estimated: the server does not measure";
  yield `\nFrom ${sample.sampledKeys} of ${sample.totalKeys} keys, ${how}.`;
  if (sample.usedBytes !== undefined) {
    yield `That makes ${bytes(all)} of the ${bytes(sample.usedBytes)} that Redis uses.`;
    if (sample.sampledKeys < sample.totalKeys && all < sample.usedBytes / 2)
      yield "What is missing may be a few large collections: `npm run -s ops -- collections` finds them.";
  }
  yield* away(sample.unreachable);
}

/** Goes on until all keys were seen, and keeps the biggest. */
export async function* collections(api: Api, { limit = "20" }: Limited): AsyncGenerator<string> {
  let biggest: Json[] = []; // a key may be met again on a later page
  let seen = 0;
  let cursor = "";
  let missed: string[] = [];
  do {
    const query = new URLSearchParams({ limit, ...(cursor && { cursor }) });
    const page = await api.get(`collections?${query}`);
    if (typeof page.collections === "string") return yield absence("Collections", page.collections);
    const found = new Map(
      [...biggest, ...page.collections].map((collection) => [collection.key, collection]),
    );
    biggest = [...found.values()].sort((one, other) => other.bytes - one.bytes).slice(0, Number(limit));
    seen += page.scannedKeys;
    missed = page.unreachable;
    cursor = page.next ?? "";
  } while (cursor);
  yield table(
    ["memory", "members", "type", "key"],
    biggest.map(({ bytes: size, members, type, key }) => [bytes(size), members, type, key]),
  );
  yield `\n${seen} keys seen.`;
  yield* away(missed);
}

export async function* slowlog(api: Api, { limit = "50" }: Limited): AsyncGenerator<string> {
  const { commands, unreachable } = await api.get(`slowlog?${new URLSearchParams({ limit })}`);
  if (typeof commands === "string") yield absence("Slow log", commands);
  else
    yield table(
      ["when", "ms", "node", "command", "keys"],
      commands.map(({ at, durationMs, node, command, keys }: Json) => [
        at,
        durationMs,
        node,
        command,
        keys.join(" "),
      ]),
    );
  yield* away(unreachable);
}

export async function* clients(api: Api): AsyncGenerator<string> {
  const { nodes, clients: listed, unreachable } = await api.get("clients");
  yield table(
    ["node", "connected", "blocked", "most"],
    nodes.map(({ address, counts }: Json) => [address, counts.connected, counts.blocked, counts.max]),
  );
  if (typeof listed === "string") yield `\n${absence("Clients", listed)}`;
  else
    for (const [name, groups] of Object.entries({
      name: listed.names,
      address: listed.addresses,
      age: listed.ages,
    }))
      yield `\n${table(
        [name, "clients"],
        groups.map(({ value, clients: count }: Json) => [value || "(none)", count]),
      )}`;
  yield* away(unreachable);
}

export function* away(unreachable: readonly string[]): Generator<string> {
  if (unreachable.length > 0) yield `\nUnreachable: ${unreachable.join(", ")}`;
}
