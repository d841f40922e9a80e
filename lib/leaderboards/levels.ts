import type { Call } from "../redis/fan-out.ts";
import { leaderboardKeys } from "../redis/keys.ts";
import type { Board } from "./board.ts";
import type { Visit } from "./boards.ts";
import { chunks } from "./chunks.ts";
import { MAX_NOTES, type Note, readNote } from "./notes.ts";
import { eachPartition, expiryOfId, partitionOf } from "./partitions.ts";
import { Outdated } from "./refusals.ts";
import { askEach, type View } from "./windows.ts";

/*
 * Dense ranks of a board with several partitions. How many better scores there are is no sum over the partitions, as
 * several may hold the same. So each score is kept by the partition that its digest chooses, with those that hold it. A
 * partition that gains or loses a score writes a note in the same script. Every operation first collects the notes that are
 * left, and has them followed before it counts. A followed note is known by its number, so it counts once however often it
 * is brought; one whose bringer was lost is brought by the next who asks. A full Redis follows those of scores
 * that were gained once it has room.
 */

/** What to count in a view: levels better than a score, or it as well; or the partitions that hold it. */
export interface LevelCounts {
  readonly view: View;
  readonly counts: readonly (readonly [kind: "better" | "through" | "holders", score: number | string])[];
}

/** A serverless cache takes 3,999 arguments; each note is seven, each count three. */
const NOTES_PER_CALL = 450;
const COUNTS_PER_CALL = 1000;

/** One of the counts that were asked for, by its number among them. */
interface Count {
  readonly number: number;
  readonly period: string;
  readonly kind: string;
  readonly score: number | string;
}

interface Delivery {
  readonly call: Call;
  readonly counts: readonly Count[];
}

/** Reads the notes of every partition; `askSettled` takes the replies. */
export function collect({ tenant, name, version, settings }: Board): Call[] {
  const partitions = eachPartition(settings);
  return partitions.map((partition) => {
    const key = leaderboardKeys.board(tenant, name, partition);
    const notes = leaderboardKeys.notes(tenant, name, partition);
    const delivered = leaderboardKeys.delivered(tenant, name, partition);
    return (p) => p.leaderboardPending(key, notes, delivered, version, MAX_NOTES, ...partitions);
  });
}

/**
 * In one round trip: has the notes followed that `collect` has found, and those removed that were; counts levels; and
 * makes further calls. Throws {@link Outdated} if there were too many notes for one round trip; the next finds fewer.
 */
export async function askSettled<T>(
  { run, board, nowMs }: Visit,
  collected: readonly (readonly string[])[],
  groups: readonly (readonly Call[])[],
  levels: readonly LevelCounts[] = [],
): Promise<{ readonly replies: T[][]; readonly levels: number[][] }> {
  const { partitions } = board.settings;
  const notes = collected.map((reply, partition) =>
    reply.slice(partitions).map((text) => readNote(partition, text)),
  );
  const isFollowed = ({ partition, number, score }: Note) =>
    number <= Number(collected[partitionOf(board.settings, score)]?.[partition] ?? 0);
  const trims = notes.flatMap((of, partition) => trim(board, partition, of.filter(isFollowed)));
  const open = Map.groupBy(
    notes.flat().filter((note) => !isFollowed(note)),
    ({ score }) => partitionOf(board.settings, score),
  );
  const counts = levels.flatMap(({ view, counts }) =>
    counts.map(([kind, score]) => ({ period: view.period.id, kind, score })),
  );
  const numbered = counts.map((count, number): Count => ({ ...count, number }));
  const bounds = [
    Math.max(0, ...levels.map(({ view }) => view.startsAt)),
    Math.min(Number.MAX_SAFE_INTEGER, ...levels.map(({ view }) => view.endsAt)),
  ] as const;
  const deliveries = eachPartition(board.settings).flatMap((partition) => {
    // Who holds a score only the partition knows that keeps it.
    const here = numbered.filter(
      ({ kind, score }) => kind !== "holders" || partitionOf(board.settings, String(score)) === partition,
    );
    return deliver(board, partition, open.get(partition) ?? [], here, bounds);
  });
  const [answers = [], , ...replies] = await askEach<T>(run, [
    deliveries.map(({ call }) => call),
    trims,
    ...groups,
  ]);
  if (notes.some(({ length }) => length === MAX_NOTES)) throw new Outdated(nowMs);
  const sums = counts.map(() => 0);
  for (const [at, delivery] of deliveries.entries()) {
    const told = answers[at] as number[];
    for (const [index, { number }] of delivery.counts.entries())
      sums[number] = (sums[number] ?? 0) + (told[index] ?? 0);
  }
  let from = 0;
  return {
    replies,
    levels: levels.map(({ counts: { length } }) => {
      from += length;
      return sums.slice(from - length, from);
    }),
  };
}

function trim({ tenant, name, version }: Board, partition: number, notes: readonly Note[]): Call[] {
  if (notes.length === 0) return [];
  const key = leaderboardKeys.board(tenant, name, partition);
  const texts = notes.map(({ text }) => text);
  const from = leaderboardKeys.notes(tenant, name, partition);
  return [(p) => p.leaderboardTrim(key, from, version, ...texts)];
}

/** The same script follows and counts, so that nothing comes between; as many calls as its arguments take. */
function deliver(
  { tenant, name, version, settings }: Board,
  partition: number,
  notes: readonly Note[],
  counts: readonly Count[],
  bounds: readonly [startsAt: number, endsAt: number],
): Delivery[] {
  const key = leaderboardKeys.board(tenant, name, partition);
  const delivered = leaderboardKeys.delivered(tenant, name, partition);
  const numberBefore = new Map<number, number>();
  return batches(notes, counts).map(({ notes, counts }) => {
    const periods = [...new Set([...notes, ...counts].map(({ period }) => period))];
    const keys = periods.flatMap((period) => {
      const { levels, holders } = leaderboardKeys.window(tenant, name, partition, period);
      return [levels, holders];
    });
    const args = notes.flatMap((note) => {
      const before = numberBefore.get(note.partition) ?? 0;
      numberBefore.set(note.partition, note.number);
      const window = periods.indexOf(note.period) + 1;
      const expiry = expiryOfId(settings, note.period);
      return [note.partition, before, note.number, window, expiry, note.held, note.score];
    });
    const counted = counts.flatMap(({ period, kind, score }) => [periods.indexOf(period) + 1, kind, score]);
    const all = [key, delivered, ...keys, version, ...bounds, notes.length, ...args, ...counted];
    return { counts, call: (p) => p.leaderboardDeliver(2 + keys.length, ...all) };
  });
}

/** Notes first, then counts; both in one, if that is not too much. */
function batches(notes: readonly Note[], counts: readonly Count[]) {
  if (notes.length > 0 && 2 * notes.length <= NOTES_PER_CALL && 2 * counts.length <= COUNTS_PER_CALL)
    return [{ notes, counts }];
  return [
    ...chunks(notes, NOTES_PER_CALL).map((some) => ({ notes: some, counts: [] as readonly Count[] })),
    ...chunks(counts, COUNTS_PER_CALL).map((some) => ({ notes: [] as readonly Note[], counts: some })),
  ];
}
