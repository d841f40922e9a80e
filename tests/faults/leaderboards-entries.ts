import type { Submitted } from "../leaderboards/caller.ts";

/** What a board has before. */
export const SCORES = [50, 40, 40, 30, 20, 20, 20, 10];
/** Ties with some, goes away from others, and names one twice. */
export const ENTRIES: Submitted[] = [
  { member: "m7", score: 30 },
  { member: "new", score: 40, metadata: { a: 1 } },
  { member: "m0", score: 5 },
  { member: "new", score: 1 },
];
