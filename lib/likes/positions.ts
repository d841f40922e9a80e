/** Where something is in a list, newest first. */
export interface Position {
  readonly name: string;
  /** In microseconds. */
  readonly at: number;
}

/** A script takes longer than a microsecond, so only a clock that was put back makes some come at once. */
const MAX_AT_ONCE = 8;

/**
 * How many a part of a list must tell for a page: some may have come in the microsecond at which the page before ended, and
 * one tells whether there are more.
 */
export function countFor(limit: number): number {
  return limit + MAX_AT_ONCE + 1;
}

/** The page behind `after`, of what all parts told, and where it ends unless it is the last. */
export function pageOf<T extends Position>(rows: readonly T[], after: Position | undefined, limit: number) {
  const behind = after ? rows.filter((row) => newestFirst(after, row) < 0) : rows;
  const shown = behind.toSorted(newestFirst).slice(0, limit);
  return { shown, last: behind.length > limit ? writePosition(shown.at(-1)) : undefined };
}

/** Newest first; those of one microsecond by their names. */
function newestFirst(a: Position, b: Position): number {
  return b.at - a.at || Buffer.compare(Buffer.from(b.name), Buffer.from(a.name));
}

function writePosition(position: Position | undefined): string | undefined {
  return position && JSON.stringify([position.at, position.name]);
}

/** A cursor is no secret: whoever makes one gets the page after a position, and nothing else. Undefined for what is none. */
export function readPosition(text: string): Position | undefined {
  try {
    const [at, name] = JSON.parse(text);
    return Number.isSafeInteger(at) && typeof name === "string" ? { at, name } : undefined;
  } catch {
    return undefined;
  }
}
