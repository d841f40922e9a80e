import type { Run } from "../redis/connection.ts";
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

/** In which a partition is asked. */
export interface Circumstances<T> {
  /** What the first partition has told, once that is known. */
  readonly first: T | undefined;
  /** The same may have been asked before, and the reply was lost. */
  readonly again: boolean;
}

/** How to ask the partitions of a subject. */
export interface Visit<T extends Told, R> {
  readonly place: Place;
  /** What to ask one of 0 to so many, if anything. */
  readonly call: (partition: number, partitions: number, so: Circumstances<T>) => Call | undefined;
  readonly read: (reply: R) => T;
  /** Which to ask (again) now that the first has told. */
  readonly then?: (first: T) => number | undefined;
}

/** Asks about subjects at once, and gives what their partitions tell. */
export type VisitAll = <T extends Told, R>(run: Run, visits: readonly Visit<T, R>[]) => Promise<T[][]>;

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

  return async function visitAll<T extends Told, R>(
    run: Run,
    visits: readonly Visit<T, R>[],
  ): Promise<T[][]> {
    const told = visits.map(() => new Map<number, T>());

    async function ask(wanted: readonly (readonly number[])[], partitions: readonly number[]) {
      const compose = (again: boolean) =>
        visits.flatMap((visit, at) =>
          (wanted[at] ?? []).flatMap((partition) => {
            const call = visit.call(partition, partitions[at] ?? 0, { first: told[at]?.get(0), again });
            return call ? { at, partition, visit, call } : [];
          }),
        );
      let asked = compose(false);
      if (asked.length === 0) return;
      let tries = 0;
      const replies = await run(
        (redis) => {
          if (tries++ > 0) asked = compose(true);
          return fanOut(
            redis,
            asked.map(({ call }) => call),
          );
        },
        { idempotent: true },
      );
      for (const [index, { at, partition, visit }] of asked.entries())
        told[at]?.set(partition, visit.read(replies[index] as R));
    }

    const guesses = visits.map(({ place }) => known.get(nameOf(place)) ?? 0);
    await ask(
      guesses.map((partitions) => [0, ...others(partitions)]),
      guesses,
    );
    const found = told.map((of) => of.get(0)?.partitions ?? 0);
    const late = visits.map(({ place, then }, at) => {
      const first = told[at]?.get(0);
      const partitions = found[at] ?? 0;
      if (partitions === guesses[at]) return (first && then?.(first)) ?? [];
      learn(place, partitions);
      told[at] = new Map(first ? [[0, first]] : []);
      return others(partitions);
    });
    await ask(
      late.map((each) => [each].flat()),
      found,
    );
    return told.map((of) => [...of.values()]);
  };
}

function others(partitions: number): number[] {
  return Array.from({ length: partitions }, (_, index) => index + 1);
}
