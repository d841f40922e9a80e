import type { Settings } from "./board.ts";
import { type Note, readNote } from "./notes.ts";
import { compare, type Position } from "./rows.ts";
import type { Receipt, Written } from "./submission.ts";
import type { View } from "./windows.ts";

/** What one call did in a window. */
export interface Moves {
  /** Of each member that it names, where it is and where it was. */
  readonly members: readonly Written[];
  readonly evicted: readonly Position[];
  /** With dense ranks: of each score how many levels it is more. */
  readonly levels: readonly { readonly score: number; readonly difference: number }[];
}

/** How many more are before a position than before the call. */
export function gained(
  position: Position,
  { members, evicted, levels }: Moves,
  { ranking }: Settings,
): number {
  if (ranking === "dense")
    return levels.reduce((sum, { score, difference }) => sum + (score < position.score ? difference : 0), 0);
  const isBefore = (other: Position | undefined) =>
    other && (ranking === "ordinal" ? compare(other, position) < 0 : other.score < position.score) ? 1 : 0;
  const moved = members.reduce((sum, { now, before }) => sum + isBefore(now) - isBefore(before), 0);
  return moved - evicted.filter(isBefore).length;
}

/** The notes that this call has written. */
export function ownNotes(
  shares: readonly { readonly partition: number }[],
  receipts: readonly Receipt[],
): Note[] {
  return shares.flatMap(({ partition }, at) => {
    const {
      pending,
      notes: [first, last],
    } = receipts[at] as Receipt;
    const notes = pending.map((text) => readNote(partition, text));
    return notes.filter(({ number }) => first < number && number <= last);
  });
}

export function notesIn({ period }: View, notes: readonly Note[]): Note[] {
  return notes.filter((note) => note.period === period.id);
}

/** The scores of notes, as these have them. */
export function scoresOf(notes: readonly Note[]): string[] {
  return [...new Set(notes.map(({ score }) => score))];
}

/** A score is a level while some partition holds it; `holders` says how many do now, of each of `scoresOf`. */
export function levelsGained(notes: readonly Note[], holders: readonly number[]): Moves["levels"] {
  return scoresOf(notes).map((score, at) => {
    const now = holders[at] ?? 0;
    const gained = notes
      .filter((note) => note.score === score)
      .reduce((sum, { held }) => sum + (held === "1" ? 1 : -1), 0);
    return { score: Number(score), difference: Number(now > 0) - Number(now - gained > 0) };
  });
}
