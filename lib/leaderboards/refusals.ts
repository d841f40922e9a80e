/** Why an operation did nothing. */
export type Refusal =
  | "board_unknown"
  | "window_unknown"
  | "member_unknown"
  | "cursor_unknown"
  | "key_reused"
  | "score_overflow";

/** Ends an operation that cannot be done as asked. */
export class Refused extends Error {
  readonly refusal: Refusal;
  /** By what this function remembers of the board; Redis was not asked. */
  readonly isGuess: boolean;

  constructor(refusal: Refusal, { isGuess = false } = {}) {
    super(refusal);
    this.refusal = refusal;
    this.isGuess = isGuess;
  }
}

/** Redis knows a later version of the board, or its clock is in another period: to be tried again by what it knows. */
export class Outdated extends Error {
  readonly nowMs: number | undefined;

  constructor(nowMs?: number) {
    super("outdated");
    this.nowMs = nowMs;
  }
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  absent: "member_unknown",
  reused: "key_reused",
  overflow: "score_overflow",
};

/** The reply of a script that says something. Throws {@link Outdated} or {@link Refused} for a single word. */
export function accepted<T>(reply: T | string): T {
  if (typeof reply !== "string") return reply;
  const refusal = REFUSALS[reply];
  if (refusal) throw new Refused(refusal);
  throw new Outdated(reply.startsWith("moved") ? Number(reply.slice("moved ".length)) : undefined);
}
