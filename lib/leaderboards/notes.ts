import type { Board } from "./board.ts";

/** A score that a partition gained or lost, as it tells the partition that keeps that score. */
export interface Note {
  /** Who wrote it. */
  readonly partition: number;
  /** As it is kept. */
  readonly text: string;
  readonly number: number;
  readonly period: string;
  /** 1 or 0. */
  readonly held: string;
  readonly score: string;
}

/** More than the largest submission writes. */
export const MAX_NOTES = 2000;

/** Whether dense ranks take notes to be followed. */
export function takesNotes({ settings: { ranking, partitions } }: Board): boolean {
  return ranking === "dense" && partitions > 1;
}

export function readNote(partition: number, text: string): Note {
  const [number, period = "", held = "", score = ""] = text.split(" ");
  return { partition, text, number: Number(number), period, held, score };
}
