import type { Run } from "../redis/connection.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";
import { leaderboardKeys } from "../redis/keys.ts";
import type { Board } from "./board.ts";
import type { Visit } from "./boards.ts";
import { neighbour, type Period, periodAt, periodOn, type Window } from "./periods.ts";
import { accepted, Refused } from "./refusals.ts";

/** Which window of a board, and which of its periods; by default its first window, and the present period. */
export interface WindowQuery {
  readonly window?: Window | undefined;
  /** A local date in the period, such as `2026-11-20`. */
  readonly at?: string | undefined;
  /** Or a moment in it, in milliseconds since 1970. */
  readonly atMs?: number | undefined;
}

/** One period of a board, and between which moments of the server's clock a script may run. */
export interface View {
  readonly board: Board;
  readonly period: Period;
  readonly startsAt: number;
  readonly endsAt: number;
}

/** Throws {@link Refused} for a window that the board does not have, and a period that has not begun or is not kept. */
export function viewOf({ board, nowMs }: Visit, { window, at, atMs }: WindowQuery): View {
  const { windows, timeZone, pastWindows } = board.settings;
  const chosen = window ?? windows[0];
  if (!chosen || !windows.includes(chosen)) throw new Refused("window_unknown", { isGuess: true });
  // There is no date at which it would be another.
  if (chosen === "all" && at !== undefined) throw new Refused("window_unknown");
  const present = periodAt(chosen, timeZone, nowMs);
  if (at === undefined && atMs === undefined)
    return { board, period: present, startsAt: present.startsAt, endsAt: present.endsAt };
  const period =
    at === undefined ? periodAt(chosen, timeZone, atMs ?? nowMs) : periodOn(chosen, timeZone, at);
  const oldest = neighbour(present, timeZone, -pastWindows);
  if (period.startsAt < oldest.startsAt || period.startsAt > present.startsAt)
    throw new Refused("window_unknown", { isGuess: true });
  return always(board, period);
}

/** A period whose script may run whatever the server's clock shows. */
export function always(board: Board, period: Period): View {
  return { board, period, startsAt: 0, endsAt: Number.MAX_SAFE_INTEGER };
}

const remembered = new WeakMap<Board, Map<string, ReturnType<typeof makeKeys>>>();
const MAX_PERIODS = 8;

function makeKeys({ tenant, name }: Board, period: string, partition: number) {
  return {
    board: leaderboardKeys.board(tenant, name, partition),
    ...leaderboardKeys.window(tenant, name, partition, period),
  };
}

/** Keys of a view in one partition. Those of a board with one partition are remembered: to encode its name takes a while. */
export function keysOf({ board, period: { id } }: View, partition: number) {
  if (board.settings.partitions > 1) return makeKeys(board, id, partition);
  const known = remembered.get(board) ?? new Map();
  remembered.set(board, known);
  const keys = known.get(id) ?? makeKeys(board, id, partition);
  if (known.size >= MAX_PERIODS) known.clear();
  known.set(id, keys);
  return keys;
}

/** What a script compares before anything else. */
export function bounds({
  board,
  startsAt,
  endsAt,
}: View): [version: string, startsAt: number, endsAt: number] {
  return [board.version, startsAt, endsAt];
}

/** Runs scripts in one round trip. Throws what `accepted` throws, if any refuses. Each must be safe to repeat. */
export async function ask<T>(run: Run, calls: readonly Call[]): Promise<T[]> {
  const replies = await run((redis) => fanOut(redis, calls), { idempotent: true });
  return replies.map((reply) => accepted(reply as T | string));
}

/** As `ask`, with the replies in the groups of the calls. */
export async function askEach<T>(run: Run, groups: readonly (readonly Call[])[]): Promise<T[][]> {
  const replies = await ask<T>(run, groups.flat());
  let from = 0;
  return groups.map(({ length }) => {
    from += length;
    return replies.slice(from - length, from);
  });
}
