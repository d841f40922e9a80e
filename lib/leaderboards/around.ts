import type { Call } from "../redis/fan-out.ts";
import type { Settings } from "./board.ts";
import type { Boards, Visit } from "./boards.ts";
import { askSettled, collect } from "./levels.ts";
import { takesNotes } from "./notes.ts";
import { eachPartition, partitionOf, shareOf } from "./partitions.ts";
import { compare, type Entry, entryOf, memberOf, type Position, type Row, ranksOf } from "./rows.ts";
import { leadOf, merge, readSlice, type Slice, type SliceQuery, type SliceReply, slice } from "./slices.ts";
import { ask, askEach, type View, viewOf, type WindowQuery } from "./windows.ts";

export interface Neighbourhood extends Entry {
  /** Of how many in a hundred no one is better than this member: 100 for the best. */
  readonly percentile: number;
  /** In the order of ranks, the member among them. */
  readonly neighbours: readonly Entry[];
}

/** Partitions about one position: how many better levels there are than its score, if that was counted. */
interface Surroundings {
  readonly position: Position;
  readonly slices: readonly Slice[];
  readonly levels: number | undefined;
}

export function createAround(boards: Boards) {
  /**
   * A member, and who is next to it: `around` on each side, and where one side ends so many more on the other. All of it
   * at one moment, if the board has one partition. One round trip, O(log n + around); with several partitions two, and
   * O(partitions · around).
   */
  return async function lookAround(
    tenant: string,
    name: string,
    { member, around, ...query }: WindowQuery & { readonly member: string; readonly around: number },
  ) {
    return boards.visit(tenant, name, async (visit): Promise<Neighbourhood> => {
      const view = viewOf(visit, query);
      const { settings } = visit.board;
      const read = settings.partitions === 1 ? readOne : readAll;
      const { position, slices, levels } = await read(visit, view, member, 2 * around);
      const all = merge(slices);
      const place = all.findIndex(({ element }) => element === position.element);
      const top = Math.max(0, place - 2 * around);
      const rows = all.slice(top, place + 2 * around + 1);
      const levelsBefore =
        levels === undefined ? (slices[0]?.levels ?? 0) : levels - levelsAmong(rows, position);
      const lead = leadOf(slices, rows[0] as Row, top, levelsBefore, position);
      const ranks = ranksOf(rows, settings.ranking, lead);
      const own = place - top;
      const before =
        ranksOf(rows, settings.ranking === "ordinal" ? "ordinal" : "competition", lead)[own] ?? 1;
      const size = slices.reduce((sum, slice) => sum + slice.size, 0);
      const entries = rows.map((row, at) => entryOf(settings, row, ranks[at] ?? 0));
      const start = Math.max(0, Math.min(own - around, rows.length - (2 * around + 1)));
      return {
        ...(entries[own] as Entry),
        percentile: (100 * (size - before + 1)) / size,
        neighbours: entries.slice(start, start + 2 * around + 1),
      };
    });
  };
}

async function readOne(
  { run, board }: Visit,
  view: View,
  member: string,
  span: number,
): Promise<Surroundings> {
  const [reply = []] = await ask<SliceReply>(run, [read(view, 0, ["member", member], span)]);
  const found = readSlice(reply);
  return { position: find(found, board.settings, member), slices: [found], levels: undefined };
}

/** A partition that has more of the neighbours than its share, which is very seldom, takes a round trip more. */
async function readAll(visit: Visit, view: View, member: string, span: number): Promise<Surroundings> {
  const { run, board } = visit;
  const { settings } = board;
  const home = partitionOf(settings, member);
  const dense = takesNotes(board);
  const [[reply = []] = [], notes = []] = await askEach<SliceReply>(run, [
    [read(view, home, ["member", member], span)],
    dense ? collect(board) : [],
  ]);
  const own = readSlice(reply);
  const position = find(own, settings, member);
  const place = ["behind", position] as const;
  const others = eachPartition(settings).filter((partition) => partition !== home);
  const asked = shareOf(span, settings.partitions);
  const {
    replies: [replies = []],
    levels: [levels = []],
  } = await askSettled<SliceReply>(
    visit,
    notes as string[][],
    [others.map((partition) => read(view, partition, place, asked))],
    dense ? [{ view, counts: [["better", position.score]] }] : [],
  );
  const slices = replies.map(readSlice);
  const [top, bottom] = edgesOf([own, ...slices], position, span);
  const isCutShort = ({ rows }: Slice) => {
    const above = rows.filter((row) => compare(row, position) < 0);
    const [first, last] = [
      above.length === asked && above[0],
      rows.length - above.length > asked && rows.at(-1),
    ];
    return Boolean(
      asked < span &&
        ((first && (!top || compare(first, top) > 0)) || (last && (!bottom || compare(last, bottom) < 0))),
    );
  };
  const short = slices.flatMap((slice, at) => (isCutShort(slice) ? [at] : []));
  const again = await ask<SliceReply>(
    run,
    short.map((at) => read(view, others[at] ?? 0, place, span)),
  );
  for (const [index, at] of short.entries()) slices[at] = readSlice(again[index] ?? []);
  return { position, slices: [own, ...slices], levels: levels[0] };
}

/** The furthest of so many neighbours on each side; undefined where there are fewer. */
function edgesOf(slices: readonly Slice[], position: Position, span: number): (Row | undefined)[] {
  const rows = merge(slices);
  const place = rows.findIndex(({ element }) => element === position.element);
  return [rows[place - span], rows[place + span]];
}

/** One more from the place on than before it: the member itself. */
function read(view: View, partition: number, place: SliceQuery["place"], span: number): Call {
  return slice(view, partition, { place, above: span, count: span + 1 });
}

function find({ rows }: Slice, settings: Settings, member: string): Position {
  const row = rows.find(({ element }) => memberOf(settings, element) === member);
  if (!row) throw new Error("A slice about a member holds it");
  return row;
}

/** How many different scores are better than that of a position, among these rows. */
function levelsAmong(rows: readonly Row[], { score }: Position): number {
  return new Set(rows.map((row) => row.score).filter((other) => other < score)).size;
}
