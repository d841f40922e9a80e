import type { Run } from "../redis/connection.ts";
import type { Place } from "./places.ts";
import { askAll, type Question } from "./questions.ts";

const MAX_CACHED = 1000;

/** What every partition tells of where others are. */
interface Told {
  /** How many partitions there are besides the first. */
  readonly partitions: number;
}

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
  const asked = rounds.flatMap((round) =>
    round.wanted.flatMap((partition) => {
      const question = round.visit.ask(partition, round.partitions, round.told[0]);
      return question ? { round, partition, question } : [];
    }),
  );
  if (asked.length === 0) return;
  const questions = asked.map(({ question }) => question);
  const replies = await askAll(run, questions);
  for (const [at, { round, partition }] of asked.entries())
    round.told[partition] = round.visit.read(replies[at] as R);
}

function others(partitions: number): number[] {
  return Array.from({ length: partitions }, (_, index) => index + 1);
}
