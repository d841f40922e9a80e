import { hash } from "node:crypto";
import type { Call } from "../redis/fan-out.ts";
import { leaderboardKeys } from "../redis/keys.ts";
import { flip, type Settings } from "./board.ts";
import { MAX_NOTES, takesNotes } from "./notes.ts";
import { expiryOf } from "./partitions.ts";
import type { Position } from "./rows.ts";
import { keysOf, type View } from "./windows.ts";

/** One score to write. */
export interface Submitted {
  readonly member: string;
  readonly score: number;
  /** JSON; `null` to forget what there is, undefined to leave it. */
  readonly metadata?: string | undefined;
}

/** Entries that count once. */
export interface Submission {
  readonly entries: readonly Submitted[];
  /** The caller's idempotency key; without one they are only known to this call. */
  readonly key: string | undefined;
  /** By which the entries of a key are known again. */
  readonly digest: string;
  /** Names this call. */
  readonly nonce: string;
  readonly rememberMs: number;
  /** Microsecond at which the first entry arrived, where partitions have to agree on one; empty for the server's. */
  readonly arrivedAt: number | "";
}

/** Where a member is or was. On a board of several partitions the rank is that in its partition. */
export interface Standing extends Position {
  readonly rank: number;
}

/** What became of an entry in one window. */
export interface Written {
  readonly member: string;
  /** What this entry made of the score, as it is kept. */
  readonly score: number;
  readonly now: Standing | undefined;
  readonly before: Standing | undefined;
  readonly changed: boolean;
}

/** The reply of one partition. */
export interface Receipt {
  /** The periods of the windows begin here or before; those of a reply that is given again may be past. */
  readonly startsAt: number;
  /** Numbers of the notes that it wrote: behind the first, through the last. */
  readonly notes: readonly [first: number, last: number];
  /** Of each window what became of each of the entries. */
  readonly windows: readonly (readonly Written[])[];
  /** The oldest notes of the partition, these among them. */
  readonly pending: readonly string[];
}

/** Writes those of the entries with these numbers into all windows of a partition. */
export function write(
  views: readonly View[],
  partition: number,
  submission: Submission,
  numbers: readonly number[],
): Call {
  const [{ board }] = views as [View];
  const { tenant, name, created, settings } = board;
  const key = leaderboardKeys.board(tenant, name, partition);
  const { entries, digest, nonce, rememberMs, arrivedAt } = submission;
  const known = submission.key === undefined ? nonce : digestOf([created, submission.key]);
  const outcome = leaderboardKeys.outcome(tenant, name, partition, known);
  const mayHaveRun = submission.key !== undefined || settings.partitions > 1;
  const notes = leaderboardKeys.notes(tenant, name, partition);
  let attempts = 0;
  const windows = views.flatMap((view) => {
    const { ranks, stamps, metadata, levels } = keysOf(view, partition);
    return [ranks, stamps, metadata, levels];
  });
  const keys = [key, outcome, notes, ...windows];
  const startsAt = Math.max(...views.map((view) => view.startsAt));
  const endsAt = Math.min(...views.map((view) => view.endsAt));
  const bounds = [board.version, startsAt, endsAt];
  const args = [
    rememberMs,
    arrivedAt,
    views.length,
    takesNotes(board) ? MAX_NOTES : 0,
    ...views.flatMap(({ period }) => [period.id, expiryOf(settings, period)]),
    ...numbers.flatMap((number) => {
      const { member = "", score = 0, metadata = "" } = entries[number] ?? {};
      return [member, flip(settings.order, score), metadata, number];
    }),
  ];
  return (p) => {
    const isFirst = attempts++ === 0 && !mayHaveRun;
    return p.leaderboardSubmit(keys.length, ...keys, ...bounds, isFirst ? "" : digest, ...args);
  };
}

/** Reads the reply to `write`. */
export function readReceipt(
  reply: readonly (string | number)[],
  members: readonly string[],
  { windows, partitions }: Settings,
): Receipt {
  const [head, fields] = partitions === 1 ? [0, 4] : [3, 8];
  const [startsAt = 0, first = 0, last = 0] = reply.slice(0, head);
  const told = reply.slice(head);
  const width = fields * members.length;
  return {
    startsAt: Number(startsAt),
    notes: [Number(first), Number(last)],
    windows: windows.map((_, window) =>
      members.map((member, at) => readWritten(member, told.slice(window * width + at * fields))),
    ),
    pending: told.slice(windows.length * width).map(String),
  };
}

function readWritten(member: string, fields: readonly (string | number)[]): Written {
  const [own, rank, rankBefore, changed, score, element, scoreBefore, elementBefore] = fields;
  return {
    member,
    score: Number(own),
    now: readStanding(rank, score, element),
    before: readStanding(rankBefore, scoreBefore, elementBefore),
    changed: changed === 1,
  };
}

function readStanding(
  rank: string | number = "",
  score: string | number = "",
  element: string | number = "",
) {
  return rank ? { rank: Number(rank), score: Number(score), element: String(element) } : undefined;
}

export function digestOf(value: unknown): string {
  return hash("sha256", JSON.stringify(value), "base64url");
}
