import type { Redis } from "ioredis";
import type { Connection } from "../redis/connection.ts";
import { NOT_AVAILABLE, type Told } from "./availability.ts";
import { numbers, parseInfo } from "./info.ts";
import { addressOf, askEveryNode, repliesOf } from "./nodes.ts";

/** More would keep the server busy for longer than it is worth. */
const MAX_LISTED = 5000;
const MAX_GROUPS = 20;
/** A client may call itself whatever it likes, as long as it likes. */
const MAX_NAME = 128;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

interface Client {
  readonly name: string;
  readonly address: string;
  readonly ageSeconds: number;
}

/** Who is connected, in groups; `not_available` where no node lists them, or each has too many. */
export async function readClients(connection: Connection) {
  const { answers, unreachable } = await askEveryNode(connection, readNode);
  const told = answers.map(({ clients }) => clients).filter((clients) => clients !== NOT_AVAILABLE);
  const listed = told.flat();
  return {
    nodes: answers.map(({ address, counts }) => ({ address, counts })),
    clients:
      told.length > 0
        ? {
            listed: listed.length,
            names: count(listed.map(({ name }) => name)),
            addresses: count(listed.map(({ address }) => address)),
            ages: count(listed.map(({ ageSeconds }) => bracket(ageSeconds))),
          }
        : NOT_AVAILABLE,
    unreachable,
  };
}

async function readNode(node: Redis) {
  const [text] = await repliesOf(node, (pipeline) => pipeline.info("clients"));
  const info = text === NOT_AVAILABLE ? {} : parseInfo(String(text));
  const counts = numbers(info, {
    connected: "connected_clients",
    blocked: "blocked_clients",
    max: "maxclients",
  });
  // Where it is not known how many there are, there may be too many.
  const isMany = Number(info.connected_clients ?? Infinity) > MAX_LISTED;
  const [list] = isMany
    ? [NOT_AVAILABLE]
    : await repliesOf(node, (pipeline) => pipeline.call("client", "LIST", "TYPE", "normal"));
  const clients: Told<Client[]> =
    list === NOT_AVAILABLE ? NOT_AVAILABLE : String(list).split("\n").flatMap(parseClient);
  return { address: addressOf(node), counts, clients };
}

function parseClient(line: string): Client[] {
  const fields = new Map(line.split(" ").map((pair) => pair.split("=", 2) as [string, string]));
  const address = fields.get("addr")?.replace(/:\d+$/, "");
  if (!address) return [];
  const name = fields.get("name")?.slice(0, MAX_NAME) ?? "";
  return [{ name, address, ageSeconds: Number(fields.get("age") ?? 0) }];
}

function bracket(ageSeconds: number): string {
  if (ageSeconds < MINUTE) return "under a minute";
  if (ageSeconds < HOUR) return "under an hour";
  return ageSeconds < DAY ? "under a day" : "a day or more";
}

/** The largest groups first. */
function count(values: readonly string[]) {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, clients]) => ({ value, clients }))
    .sort((one, other) => other.clients - one.clients)
    .slice(0, MAX_GROUPS);
}
