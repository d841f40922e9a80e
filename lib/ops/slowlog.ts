import type { Connection } from "../redis/connection.ts";
import { featureOf } from "../redis/keys.ts";
import { NOT_AVAILABLE, type Told } from "./availability.ts";
import { addressOf, askEveryNode, repliesOf } from "./nodes.ts";

/** A command that was slow. Of its arguments only keys of ours are told: all else may be a value. */
export interface SlowCommand {
  readonly at: number;
  readonly durationMs: number;
  readonly node: string;
  readonly command: string;
  readonly keys: string[];
  readonly client: string;
}

type Entry = readonly [id: number, seconds: number, micros: number, words: string[], client?: string];

/** The latest of the slow commands that the nodes remember, the latest first; `not_available` where none of them tells. */
export async function readSlowlog(connection: Connection, limit: number) {
  const { answers, unreachable } = await askEveryNode(connection, async (node) => {
    const [entries] = await repliesOf(node, (pipeline) => pipeline.slowlog("GET", limit));
    return entries === NOT_AVAILABLE
      ? NOT_AVAILABLE
      : (entries as Entry[]).map((entry) => describe(addressOf(node), entry));
  });
  const told = answers.filter((answer) => answer !== NOT_AVAILABLE);
  const commands: Told<SlowCommand[]> =
    told.length === 0
      ? NOT_AVAILABLE
      : told
          .flat()
          .sort((one, other) => other.at - one.at)
          .slice(0, limit);
  return { commands, unreachable };
}

function describe(
  node: string,
  [, seconds, micros, [command = "", ...words], client = ""]: Entry,
): SlowCommand {
  return {
    at: seconds * 1000,
    durationMs: micros / 1000,
    node,
    command: command.toUpperCase(),
    keys: keysAmong(command, words).filter((word) => featureOf(word) !== undefined),
    client,
  };
}

/** Their first word is what somebody says, and no key. */
const SAYING = /^(ECHO|PING|S?PUBLISH)$/i;

/** The words that stand where keys do. */
function keysAmong(command: string, words: string[]): string[] {
  if (SAYING.test(command)) return [];
  if (/^EVAL(SHA)?(_RO)?$/i.test(command)) return words.slice(2, 2 + Number(words[1]));
  return words.slice(0, 1);
}
