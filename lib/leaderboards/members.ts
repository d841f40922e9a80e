import { randomUUID } from "node:crypto";
import type { Connection } from "../redis/connection.ts";
import type { Call } from "../redis/fan-out.ts";
import { leaderboardKeys } from "../redis/keys.ts";
import type { Settings } from "./board.ts";
import { flip } from "./board.ts";
import type { Boards, Visit } from "./boards.ts";
import { count, countBefore, sum } from "./counts.ts";
import { askSettled, collect } from "./levels.ts";
import { type Found, lookup, readFound } from "./lookup.ts";
import { takesNotes } from "./notes.ts";
import { keptPeriods, partitionOf } from "./partitions.ts";
import type { Window } from "./periods.ts";
import { compare, type Entry, entryOf, ranksOf } from "./rows.ts";
import { ask, askEach, type View, viewOf, type WindowQuery } from "./windows.ts";

export interface Friend extends Entry {
  /** The rank among those that were asked for. */
  readonly rankAmong: number;
}

export function createMembers(connection: Connection, boards: Boards) {
  /**
   * Some members, in the order of their ranks; those that have no score are left out. One round trip, O(log n) each; two if
   * the board has several partitions, each of which then counts for all members.
   */
  async function getAll(tenant: string, name: string, members: readonly string[], query: WindowQuery) {
    return boards.visit(tenant, name, async (visit): Promise<Friend[]> => {
      const view = viewOf(visit, query);
      const { settings } = visit.board;
      const found = (await lookUp(visit, view, [...new Set(members)])).sort(compare);
      const among = ranksOf(found, settings.ranking, { index: 0, better: 0, levels: 0 });
      return found.map((row, at) => ({ ...entryOf(settings, row, row.rank), rankAmong: among[at] ?? 0 }));
    });
  }

  /** Takes a member off all windows that are kept; the same whether it was there or not. One round trip, O(log n) a window. */
  async function remove(tenant: string, name: string, member: string) {
    const id = randomUUID();
    return boards.visit(tenant, name, async (visit): Promise<undefined> => {
      const { run, board, nowMs } = visit;
      const { settings, version } = board;
      const partition = partitionOf(settings, member);
      const key = leaderboardKeys.board(tenant, name, partition);
      const periods = keptPeriods(board, nowMs);
      const windows = periods.flatMap(({ id }) => {
        const { ranks, stamps, metadata, levels } = leaderboardKeys.window(tenant, name, partition, id);
        return [ranks, stamps, metadata, levels];
      });
      const outcome = leaderboardKeys.outcome(tenant, name, partition, id);
      const keys = [key, outcome, leaderboardKeys.notes(tenant, name, partition), ...windows];
      const rememberMs = 2 * connection.deadlineMs;
      const args = [version, member, rememberMs, ...periods.map(({ id }) => id)];
      const take: Call = (p) => p.leaderboardRemove(keys.length, ...keys, ...args);
      const [, notes = []] = await askEach<string[]>(run, [[take], takesNotes(board) ? collect(board) : []]);
      // Nobody asks for ranks here, but notes must not pile up.
      if (takesNotes(board)) await askSettled(visit, notes, []);
    });
  }

  /**
   * The rank that somebody new would have with a score; `member` matters where it decides ties, and without it everybody with
   * the same score is before. One round trip, O(log n); two if the board has several partitions and dense ranks.
   */
  async function rankOf(
    tenant: string,
    name: string,
    {
      score,
      member,
      ...query
    }: WindowQuery & { readonly score: number; readonly member?: string | undefined },
  ) {
    return boards.visit(tenant, name, async (visit): Promise<{ readonly rank: number }> => {
      const { run, board } = visit;
      const view = viewOf(visit, query);
      const { settings } = board;
      const kept = flip(settings.order, score);
      if (takesNotes(board)) {
        const notes = await ask<string[]>(run, collect(board));
        const { levels } = await askSettled(visit, notes, [], [{ view, counts: [["better", kept]] }]);
        return { rank: 1 + (levels[0]?.[0] ?? 0) };
      }
      const args = [kindOf(settings, member), kept, member ?? ""];
      const calls = count(view, args, settings.ranking === "dense" ? "levels" : "ranks");
      return { rank: 1 + (sum(await ask<number[]>(run, calls)).counts[0] ?? 0) };
    });
  }

  /** How many members each window has at present. One round trip, O(1) a window and partition. */
  async function sizes(tenant: string, name: string) {
    return boards.visit(tenant, name, async (visit) => {
      const { settings } = visit.board;
      const calls = settings.windows.map((window) => count(viewOf(visit, { window }), []));
      const replies = await askEach<number[]>(visit.run, calls);
      const counts = settings.windows.map((window, at) => [window, sum(replies[at] ?? []).size]);
      return { settings, counts: Object.fromEntries(counts) as Partial<Record<Window, number>> };
    });
  }

  return { getAll, remove, rankOf, sizes };
}

/** With their ranks on the whole board. */
async function lookUp(visit: Visit, view: View, members: readonly string[]): Promise<Found[]> {
  const { board } = visit;
  const { settings } = board;
  const groups = Map.groupBy(members, (member) => partitionOf(settings, member));
  const calls = [...groups].map(([partition, those]) => lookup(view, partition, those));
  const [replies = [], notes = []] = await askEach<string[]>(visit.run, [
    calls,
    takesNotes(board) ? collect(board) : [],
  ]);
  const found = replies.flatMap(readFound);
  if (settings.partitions === 1 || found.length === 0) return found;
  const {
    counts: [counts = []],
  } = await countBefore(visit, notes, [{ view, positions: found, scores: [] }]);
  return found.map((row, at) => ({ ...row, rank: 1 + (counts[at] ?? 0) }));
}

function kindOf({ ranking, ties }: Settings, member: string | undefined): "better" | "through" | "before" {
  if (ranking !== "ordinal" || ties === "last") return "better";
  return ties === "member" && member !== undefined ? "before" : "through";
}
