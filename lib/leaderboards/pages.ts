import type { Call } from "../redis/fan-out.ts";
import { type Board, flip } from "./board.ts";
import type { Boards, Visit } from "./boards.ts";
import { askSettled, collect } from "./levels.ts";
import { takesNotes } from "./notes.ts";
import { eachPartition, shareOf } from "./partitions.ts";
import { Refused } from "./refusals.ts";
import { compare, type Entry, entryOf, type Position, type Row, ranksOf } from "./rows.ts";
import { leadOf, merge, readSlice, type Slice, type SliceReply, slice } from "./slices.ts";
import { ask, askEach, type View, viewOf, type WindowQuery } from "./windows.ts";

export interface PageQuery extends WindowQuery {
  readonly limit: number;
  /** What the page before said was `last`. */
  readonly after?: string | undefined;
  /** How many to pass over. */
  readonly offset: number;
  readonly minScore?: number | undefined;
  readonly maxScore?: number | undefined;
}

export interface Page {
  readonly entries: readonly Entry[];
  /** Where the page ends; undefined if it is the last. */
  readonly last: string | undefined;
}

/** From where to read. Scores as they are kept. */
interface Place {
  readonly after?: Position | undefined;
  readonly offset: number;
  readonly best: number | "-inf";
  readonly worst: number | "+inf";
}

export function createPages(boards: Boards) {
  /**
   * A page of a window. It begins behind the position at which the page before ended, whether or not a member is there
   * still: who does not move is neither left out nor given twice. One round trip, O(log n + limit); with several partitions
   * O(partitions · limit) at worst, and two round trips if one of them has more of the page than its share, or ranks are dense.
   */
  return async function page(tenant: string, name: string, query: PageQuery) {
    return boards.visit(tenant, name, async (visit): Promise<Page> => {
      const { board } = visit;
      const { order, partitions } = board.settings;
      const cursor = query.after === undefined ? undefined : readCursor(board, query.after);
      const view = viewOf(visit, { ...query, ...(cursor && { at: undefined, atMs: cursor.startsAt }) });
      const kept = (score: number | undefined) => (score === undefined ? undefined : flip(order, score));
      const [low, high] = [kept(query.minScore), kept(query.maxScore)];
      const place: Place = {
        after: cursor?.position,
        offset: query.offset,
        best: (order === "desc" ? high : low) ?? "-inf",
        worst: (order === "desc" ? low : high) ?? "+inf",
      };
      const read = partitions === 1 ? readOne : readAll;
      const { rows, ranks } = await read(visit, view, place, query.limit + 1);
      const shown = rows.slice(0, query.limit);
      const last = shown.at(-1);
      return {
        entries: shown.map((row, at) => entryOf(board.settings, row, ranks[at] ?? 0)),
        last: rows.length > query.limit && last ? formatCursor(view, last) : undefined,
      };
    });
  };
}

async function readOne({ run }: Visit, view: View, place: Place, count: number) {
  const [reply = []] = await ask<SliceReply>(run, [read(view, 0, place, count)]);
  const found = readSlice(reply);
  return { rows: found.rows, ranks: ranksOf(found.rows, view.board.settings.ranking, found) };
}

/**
 * Merges the heads of all partitions. Each is asked for somewhat more than its share, as members are spread evenly; one
 * that turns out to have more of the page is asked once again.
 */
async function readAll(visit: Visit, view: View, place: Place, count: number) {
  const { run, board } = visit;
  const { settings } = board;
  const wanted = place.offset + count;
  const asked = shareOf(wanted, settings.partitions);
  const from = { ...place, offset: 0 };
  const [replies = [], notes = []] = await askEach<SliceReply>(run, [
    eachPartition(settings).map((partition) => read(view, partition, from, asked)),
    takesNotes(board) ? collect(board) : [],
  ]);
  const slices = replies.map(readSlice);
  const end = merge(slices)[wanted - 1];
  const cutShort = slices.flatMap(({ rows }, partition) => {
    const last = rows.length < wanted ? rows[asked - 1] : undefined;
    return last && (!end || compare(last, end) < 0) ? [{ partition, last }] : [];
  });
  const reference = place.after?.score ?? place.best;
  const dense = takesNotes(board) && reference !== "-inf";
  const {
    replies: [more = []],
    levels: [levels = []],
  } = await askSettled<SliceReply>(
    visit,
    notes as string[][],
    [cutShort.map(({ partition, last }) => read(view, partition, { ...from, after: last }, wanted))],
    dense
      ? [
          {
            view,
            counts: [
              ["better", reference],
              ["through", reference],
            ],
          },
        ]
      : [],
  );
  cutShort.forEach(({ partition }, at) => {
    const head = slices[partition] as Slice;
    slices[partition] = { ...head, rows: [...head.rows, ...readSlice(more[at] ?? []).rows] };
  });
  const rows = merge(slices);
  const [first] = rows;
  if (!first) return { rows: [], ranks: [] };
  const [better = 0, through = 0] = levels;
  const levelsBefore = place.after && place.after.score !== first.score ? through : better;
  const lead = leadOf(slices, first, 0, levelsBefore, place.after);
  const ranks = ranksOf(rows, settings.ranking, lead);
  return { rows: rows.slice(place.offset), ranks: ranks.slice(place.offset) };
}

function read(view: View, partition: number, { after, offset, best, worst }: Place, count: number): Call {
  const place = after ? (["behind", after] as const) : (["index", offset] as const);
  return slice(view, partition, { place, above: 0, count, best, worst });
}

function formatCursor({ board: { created }, period }: View, { score, element }: Row): string {
  return JSON.stringify([created, period.startsAt, score, element]);
}

/** A cursor is no secret: whoever makes one gets the page after a position, and nothing else. */
function readCursor({ created }: Board, text: string): { startsAt: number; position: Position } {
  const [board, startsAt, score, element] = parsed(text);
  if (
    typeof startsAt !== "number" ||
    typeof score !== "number" ||
    typeof element !== "string" ||
    !isTime(startsAt)
  )
    throw new Refused("cursor_unknown");
  if (board !== created) throw new Refused("cursor_unknown", { isGuess: true });
  return { startsAt, position: { score, element } };
}

function parsed(text: string): unknown[] {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** Of the years for which calendars are made. */
function isTime(ms: number): boolean {
  return Number.isSafeInteger(ms) && Math.abs(ms) < Date.UTC(9000, 0);
}
