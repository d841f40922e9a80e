import type { Call } from "../redis/fan-out.ts";
import type { Settings } from "./board.ts";
import type { Visit } from "./boards.ts";
import { evict, type Surplus, surplus, tails } from "./capacity.ts";
import { countBefore } from "./counts.ts";
import { gained, levelsGained, type Moves, notesIn, ownNotes, scoresOf } from "./gains.ts";
import { collect } from "./levels.ts";
import { takesNotes } from "./notes.ts";
import { partitionOf } from "./partitions.ts";
import { memberOf, type Position } from "./rows.ts";
import { type Receipt, readReceipt, type Submission, type Written, write } from "./submission.ts";
import { always, askEach, type View } from "./windows.ts";

/** The entries of one partition: their numbers in the call, and their members. */
interface Share {
  readonly partition: number;
  readonly numbers: readonly number[];
  readonly members: readonly string[];
}

type Reply = (string | number)[];

/**
 * A submission to a board of several partitions, in two round trips: first each partition writes its entries, then all
 * count who is before them. Where only so many are kept, the partitions tell in the first who is worst with them, and
 * in the second let go who is too many, and tell who is still there. A rank before the call is counted after it too, less
 * what the call did; what others do between the two may be in it.
 */
export async function submitToPartitions(
  visit: Visit,
  views: readonly View[],
  submission: Submission,
): Promise<Written[][]> {
  const { run, board } = visit;
  const { settings } = board;
  const { entries } = submission;
  const shares = divide(
    entries.map(({ member }) => member),
    settings,
  );
  const [replies = [], notes = [], ...worst] = await askEach<Reply>(run, [
    shares.map(({ partition, numbers }) => write(views, partition, submission, numbers)),
    takesNotes(board) ? collect(board) : [],
    ...views.map((view) => (settings.capacity ? tails(view, entries.length) : [])),
  ]);
  const receipts = shares.map(({ members }, at) => readReceipt(replies[at] ?? [], members, settings));
  const evicted = worst.map((told) => surplus(settings, entries.length, told));
  const written = views.map((view, at) => inOrder(shares, receipts, at, view));
  const positions = written.map(positionsOf);
  const own = ownNotes(shares, receipts);

  const evictions = settings.capacity
    ? views.map((view, at) => evictFrom(view, evicted[at] ?? [], shares))
    : [];
  const counted = await countBefore(
    visit,
    pendingOf(notes as string[][], shares, receipts),
    views.map((view, at) => ({
      view: always(board, view.period), // what is written is counted, even if the period has ended since
      positions: [...(positions[at]?.values() ?? [])],
      scores: scoresOf(notesIn(view, own)),
    })),
    evictions.flat(),
  );
  let from = 0;
  return written.map((of, at) => {
    const { length = 0 } = evictions[at] ?? [];
    const present = new Set((counted.replies.slice(from, from + length) as string[][]).flat());
    from += length;
    const kept = settings.capacity ? of.map((one) => ifPresent(one, present)) : of;
    const counts = counted.counts[at] ?? [];
    const size = positions[at]?.size ?? 0;
    const moves = {
      members: [...new Map(kept.map((one) => [one.member, one])).values()],
      evicted: others(evicted[at] ?? [], entries, settings),
      levels: levelsGained(notesIn(views[at] as View, own), counts.slice(size)),
    };
    const countOf = new Map(
      [...(positions[at]?.keys() ?? [])].map((key, index) => [key, counts[index] ?? 0]),
    );
    return kept.map((one) => ranked(one, countOf, moves, settings));
  });
}

function divide(members: readonly string[], settings: Settings): Share[] {
  const numbersOf = Map.groupBy(members.keys(), (number) => partitionOf(settings, members[number] ?? ""));
  return [...numbersOf].map(([partition, numbers]) => ({
    partition,
    numbers,
    members: numbers.map((number) => members[number] ?? ""),
  }));
}

/** What the partitions wrote into a window, in the order of the call. */
function inOrder(
  shares: readonly Share[],
  receipts: readonly Receipt[],
  window: number,
  { startsAt }: View,
): Written[] {
  const written: Written[] = [];
  for (const [at, { numbers }] of shares.entries()) {
    const receipt = receipts[at] as Receipt;
    for (const [index, number] of numbers.entries()) {
      const one = receipt.windows[window]?.[index] as Written;
      // Of a call that was run before, nobody has a rank in a period that has ended since.
      written[number] = receipt.startsAt >= startsAt ? one : { ...one, now: undefined, before: undefined };
    }
  }
  return written;
}

/** What was collected, with the notes of this call: a server that forgot its scripts may have run them in another order. */
function pendingOf(
  notes: readonly (readonly string[])[],
  shares: readonly Share[],
  receipts: readonly Receipt[],
): (readonly string[])[] {
  const pending = new Map(shares.map(({ partition }, at) => [partition, receipts[at]?.pending ?? []]));
  return notes.map((collected, partition) => {
    const own = pending.get(partition);
    return own ? [...collected.slice(0, notes.length), ...own] : collected;
  });
}

/** One script for both in each partition, so that nothing comes between them. */
function evictFrom(view: View, evicted: readonly Surplus[], shares: readonly Share[]): Call[] {
  const those = Map.groupBy(evicted, ({ partition }) => partition);
  const members = new Map(shares.map((share) => [share.partition, [...new Set(share.members)]]));
  return [...new Set([...those.keys(), ...members.keys()])].map((partition) =>
    evict(view, partition, those.get(partition) ?? [], members.get(partition) ?? []),
  );
}

function ifPresent(one: Written, present: ReadonlySet<string>): Written {
  return one.now && present.has(one.now.element) ? one : { ...one, now: undefined };
}

function others(
  evicted: readonly Surplus[],
  entries: Submission["entries"],
  settings: Settings,
): readonly Surplus[] {
  const named = new Set(entries.map(({ member }) => member));
  return evicted.filter(({ element }) => !named.has(memberOf(settings, element)));
}

const keyOf = ({ score, element }: Position) => `${score} ${element}`;

/** Each position once. */
function positionsOf(written: readonly Written[]): Map<string, Position> {
  const positions = written.flatMap(({ now, before }) => [now ?? [], before ?? []].flat());
  return new Map(positions.map((position) => [keyOf(position), position]));
}

function ranked(
  one: Written,
  countOf: ReadonlyMap<string, number>,
  moves: Moves,
  settings: Settings,
): Written {
  const rankOf = (position: Position) => 1 + (countOf.get(keyOf(position)) ?? 0);
  const { now, before } = one;
  // Others who move at the same time may make it less than it was.
  const rankBefore = before ? Math.max(1, rankOf(before) - gained(before, moves, settings)) : 1;
  return {
    ...one,
    now: now && { ...now, rank: rankOf(now) },
    before: before && { ...before, rank: rankBefore },
  };
}
