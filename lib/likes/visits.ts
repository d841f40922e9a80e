import type { ChainableCommander } from "ioredis";
import type { Run } from "../redis/connection.ts";
import { classify } from "../redis/errors.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";
import type { Place } from "./places.ts";

const MAX_CACHED = 1000;

/** What every partition tells of where others are. */
interface Told {
  /** Whether the user that was asked for belongs there. */
  readonly isHere: boolean;
  /** How many partitions there are besides the first. */
  readonly partitions: number;
}

/** What a partition is asked; `again` where the same may have been done before, and the reply was lost. */
export type Question = (redis: ChainableCommander, again: boolean) => unknown;

/** How to ask the partitions of a subject. */
export interface Visit<T extends Told, R> {
  readonly place: Place;
  /** What to ask one of 0 to so many, if anything; the first has told what it knows by then, or not yet. */
  readonly ask: (partition: number, partitions: number, first: T | undefined) => Question | undefined;
  readonly read: (reply: R) => T;
  /** Which to ask (again) now that the first has told. */
  readonly then?: (first: T) => number | undefined;
}

/** Asks about subjects at once, and gives what their partitions tell. */
export type VisitAll = <T extends Told, R>(run: Run, visits: readonly Visit<T, R>[]) => Promise<T[][]>;

/** A visit under way. */
interface Round<T extends Told, R> {
  readonly visit: Visit<T, R>;
  /** How many there are besides the first, as far as is known. */
  partitions: number;
  /** Which to ask. */
  wanted: readonly number[];
  /** By the number of the partition. */
  told: T[];
}

/**
 * A subject begins with one partition; when that is full it has further ones, and as many for good. Of at most a thousand
 * it is remembered how many, and the first partition says each time whether that is so. One round trip, and another for a
 * subject of which it was not known, or whose first partition sends the user elsewhere.
 */
export function createVisits(): VisitAll {
  const known = new Map<string, number>();
  const nameOf = ({ tenant, subject }: Place) => [tenant, subject].join("/");

  function learn(place: Place, partitions: number): void {
    known.delete(nameOf(place));
    if (partitions > 0) known.set(nameOf(place), partitions);
    const [oldest] = known.keys();
    if (known.size > MAX_CACHED && oldest !== undefined) known.delete(oldest);
  }

  function begin<T extends Told, R>(visit: Visit<T, R>): Round<T, R> {
    const partitions = known.get(nameOf(visit.place)) ?? 0;
    return { visit, partitions, wanted: [0, ...others(partitions)], told: [] };
  }

  /** The same, with which to ask now that the first has told. */
  function goOn<T extends Told, R>(round: Round<T, R>): void {
    const { visit, told } = round;
    const [first] = told;
    if (!first || first.partitions === round.partitions) {
      const last = first && visit.then?.(first);
      round.wanted = last === undefined ? [] : [last];
      return;
    }
    learn(visit.place, first.partitions);
    round.partitions = first.partitions;
    round.wanted = others(first.partitions);
    round.told = [first];
  }

  return async function visitAll(run, visits) {
    const rounds = visits.map((visit) => begin(visit));
    await ask(run, rounds);
    rounds.forEach(goOn);
    await ask(run, rounds);
    return rounds.map(({ told }) => Object.values(told));
  };
}

async function ask<T extends Told, R>(run: Run, rounds: readonly Round<T, R>[]): Promise<void> {
  const questions = rounds.flatMap((round) =>
    round.wanted.flatMap((partition) => {
      const question = round.visit.ask(partition, round.partitions, round.told[0]);
      // How many times it may have been answered: each time that it was sent, and not refused.
      return question ? { round, partition, question, times: 0 } : [];
    }),
  );
  if (questions.length === 0) return;
  const replies = await run(
    (redis) => {
      const calls = questions.map((each): Call => {
        const again = each.times++ > 0;
        return (pipeline) => each.question(pipeline, again);
      });
      return fanOut(redis, calls, (error, at) => {
        const refused = questions[at];
        if (refused && classify(error) === "refused") refused.times--;
        throw error;
      });
    },
    { idempotent: true },
  );
  for (const [at, { round, partition }] of questions.entries())
    round.told[partition] = round.visit.read(replies[at] as R);
}

function others(partitions: number): number[] {
  return Array.from({ length: partitions }, (_, index) => index + 1);
}
