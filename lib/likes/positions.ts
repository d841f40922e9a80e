/** Where something is in a list, newest first. */
export interface Position {
  readonly name: string;
  /** In microseconds. */
  readonly at: number;
}

/** A script takes longer than a microsecond, so only a clock that was put back makes some come at once. */
export const MAX_AT_ONCE = 8;

/** Newest first; those of one microsecond by their names. */
export function newestFirst(a: Position, b: Position): number {
  return b.at - a.at || Buffer.compare(Buffer.from(b.name), Buffer.from(a.name));
}

export function isAfter(position: Position, last: Position | undefined): boolean {
  return !last || newestFirst(last, position) < 0;
}

export function writePosition(position: Position | undefined): string | undefined {
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
