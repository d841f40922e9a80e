import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Answer } from "../api.ts";
import { expectUnavailable, until } from "../composition.ts";
import type { Writer } from "./writers.ts";

/** A caller that was told to come back later does, somewhat too early. */
const COME_BACK_MS = 5;

/** What became of the writes of one feature. */
export interface Load {
  readonly acknowledged: readonly string[];
  readonly refused: number;
  /** Resolves when so many more writes were acknowledged. */
  served(more: number, withinMs?: number): Promise<void>;
  /** Resolves when so many more writes were refused. */
  turnedAway(more: number, withinMs?: number): Promise<void>;
  /** Ends it, and rejects if anything was answered but a success or a refusal in time. */
  stop(): Promise<void>;
  /** The acknowledged writes that are not there, or there twice. */
  lost(): Promise<string[]>;
}

/** Lets callers write without a pause until they are stopped. What is no success must be as `expectRefused` expects. */
function startLoad(writer: Writer, callers = 5, expectRefused = expectUnavailable): Load {
  const acknowledged: string[] = [];
  let refused = 0;
  let running = true;

  async function caller(number: number): Promise<void> {
    for (let round = 0; running; round++) {
      const id = `c${number}-${round}`;
      const answer = await writer.write(id);
      if (answer.status < 300) acknowledged.push(id);
      else {
        expectRefused(answer);
        refused++;
        await sleep(COME_BACK_MS);
      }
    }
  }

  const calling = Promise.all(Array.from({ length: callers }, (_, number) => caller(number)));
  calling.catch(() => {}); // stop() tells
  const reaches = async (count: () => number, more: number, withinMs?: number) => {
    const enough = count() + more;
    const broken = calling.then(() => enough); // rejects when a caller has failed
    await Promise.race([
      until(
        async () => count(),
        (now) => now >= enough,
        withinMs,
      ),
      broken,
    ]);
  };

  return {
    acknowledged,
    get refused() {
      return refused;
    },
    served: (more, withinMs) => reaches(() => acknowledged.length, more, withinMs),
    turnedAway: (more, withinMs) => reaches(() => refused, more, withinMs),
    async stop() {
      running = false;
      await calling;
    },
    async lost() {
      const missing: string[] = [];
      for (let at = 0; at < acknowledged.length; at += 50) {
        const part = acknowledged.slice(at, at + 50);
        const found = await Promise.all(part.map((id) => writer.isThere(id)));
        missing.push(...part.filter((_, index) => !found[index]));
      }
      return missing;
    },
  };
}

/** The same on each feature at once. */
export function startLoads(
  writers: Readonly<Record<string, Writer>>,
  callers?: number,
  expectRefused?: (answer: Answer) => void,
) {
  const loads = Object.fromEntries(
    Object.entries(writers).map(([name, writer]) => [name, startLoad(writer, callers, expectRefused)]),
  );
  const all = async (use: (load: Load) => Promise<unknown>) => {
    await Promise.all(Object.values(loads).map(use));
  };
  return {
    loads,
    served: (more: number, withinMs?: number) => all((load) => load.served(more, withinMs)),
    turnedAway: (more: number, withinMs?: number) => all((load) => load.turnedAway(more, withinMs)),
    stop: () => all((load) => load.stop()),
    /** Of each feature; the acknowledged writes that are not there, or there twice. */
    async lost(): Promise<Record<string, string[]>> {
      const entries = Object.entries(loads).map(async ([name, load]) => {
        expect(load.acknowledged.length, `${name} was served`).toBeGreaterThan(0);
        return [name, await load.lost()] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    },
  };
}
