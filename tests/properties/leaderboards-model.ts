import type { Settings } from "../../lib/leaderboards/board.ts";

export type Metadata = Readonly<Record<string, unknown>>;

export interface Submitted {
  readonly member: string;
  readonly score: number;
  /** Null forgets what there is. */
  readonly metadata?: Metadata | null | undefined;
}

/** A member on the board. */
export interface Row {
  readonly member: string;
  readonly score: number;
  /** The number of the entry that gave it this score. */
  readonly reached: number;
  readonly metadata?: Metadata | undefined;
}

export interface PageQuery {
  readonly minScore?: number | undefined;
  readonly maxScore?: number | undefined;
  readonly offset?: number | undefined;
  /** The last row of the page before, as it was then. */
  readonly after?: Row | undefined;
  readonly limit: number;
}

/** A leaderboard as its documentation describes it, without time: all its windows hold the same. Counts everything anew. */
export class LeaderboardModel {
  settings: Settings;
  #rows = new Map<string, Row>();
  #entries = 0;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** Once there were scores, most settings are fixed. */
  get used(): boolean {
    return this.#entries > 0;
  }

  /** The best first. */
  get rows(): Row[] {
    return this.#sort([...this.#rows.values()]);
  }

  /** The entries of a member whose sum grows beyond all doubles, if there is one. */
  overflowing(entries: readonly Submitted[]): readonly Submitted[] | undefined {
    const overflowing = this.#apply(entries).made.find(({ score }) => !Number.isFinite(score));
    return overflowing && entries.filter(({ member }) => member === overflowing.member);
  }

  /** Gives what becomes of each entry; undefined if a sum grows beyond all doubles, and nothing is written. */
  submit(entries: readonly Submitted[]) {
    if (this.overflowing(entries)) return undefined;
    const before = this.rows;
    const { after, made } = this.#apply(entries);
    this.#entries += entries.length;
    const rows = this.#sort([...after.values()]).slice(0, this.settings.capacity);
    this.#rows = new Map(rows.map((row) => [row.member, row]));
    return made.map(({ member, score, changed }) => {
      const [now, past] = [rows, before].map((all) => all.find((row) => row.member === member));
      const previousRank = past ? this.rankOf(past, before) : null;
      const place = now ? { score, rank: this.rankOf(now, rows) } : { score: null, rank: null };
      // Nothing changed for somebody who was not there and is not.
      const isKnown = place.rank !== null || previousRank !== null;
      return { member, outcome: { ...place, previousRank, changed: changed && isKnown } };
    });
  }

  remove(member: string): void {
    this.#rows.delete(member);
  }

  /** A page, and its last row if others follow. */
  page({ minScore = -Infinity, maxScore = Infinity, offset = 0, after, limit }: PageQuery) {
    const rows = this.rows;
    const found = rows
      .filter(({ score }) => minScore <= score && score <= maxScore)
      .filter((row) => !after || this.#compare(row, after) > 0)
      .slice(offset);
    const shown = found.slice(0, limit);
    return { entries: this.#entriesOf(shown, rows), last: found.length > limit ? shown.at(-1) : undefined };
  }

  /** A member with so many neighbours on each side, or as many more on the other where one side ends. */
  around(member: string, around: number) {
    const rows = this.rows;
    const place = rows.findIndex((row) => row.member === member);
    const own = rows[place];
    if (!own) return undefined;
    const [before, span] = [rows.slice(0, place), 2 * around + 1];
    const better =
      this.settings.ranking === "ordinal" ? before : before.filter(({ score }) => score !== own.score);
    const start = Math.max(0, Math.min(place - around, rows.length - span));
    return {
      ...this.#entriesOf([own], rows)[0],
      percentile: (100 * (rows.length - better.length)) / rows.length,
      neighbours: this.#entriesOf(rows.slice(start, start + span), rows),
    };
  }

  /** Those of some members that are on the board, ranked among themselves too. */
  among(members: readonly string[]) {
    const rows = this.rows;
    const found = rows.filter(({ member }) => members.includes(member));
    const ranks = found.map((row) => this.rankOf(row, found));
    return this.#entriesOf(found, rows).map((entry, at) => ({ ...entry, rankAmong: ranks[at] }));
  }

  /** Where somebody new would be; if members decide ties, one without a name is behind its equals. */
  rankOfNew(score: number, member: string | undefined): number {
    const rows = this.rows;
    const isBehindEquals = member === undefined && this.settings.ties === "member";
    const equals = rows.filter((row) => row.score === score);
    if (isBehindEquals && equals.length > 0 && this.settings.ranking === "ordinal")
      return rows.lastIndexOf(equals.at(-1) as Row) + 2;
    return this.rankOf({ member: member ?? "", score, reached: Infinity }, rows);
  }

  rankOf(row: Row, among: readonly Row[]): number {
    const { ranking } = this.settings;
    const before = among.filter((other) => this.#compare(other, row) < 0);
    const better = before.filter(({ score }) => score !== row.score);
    const levels = new Set(better.map(({ score }) => score));
    return 1 + { ordinal: before.length, competition: better.length, dense: levels.size }[ranking];
  }

  #apply(entries: readonly Submitted[]) {
    const after = new Map(this.#rows);
    const made = entries.map((entry, number) => {
      const { member, metadata } = entry;
      const present = after.get(member);
      const score = this.#updated(present?.score, entry.score + 0);
      const changed = score !== present?.score;
      const counts = changed || ["last", "sum"].includes(this.settings.update);
      const reached = changed ? this.#entries + number : present.reached;
      const kept = metadata === undefined || !counts ? present?.metadata : (metadata ?? undefined);
      after.set(member, { member, score, reached, metadata: kept });
      return { member, score, changed };
    });
    return { after, made };
  }

  #updated(present: number | undefined, submitted: number): number {
    const { update, order } = this.settings;
    if (present === undefined || update === "last") return submitted;
    if (update === "sum") return present + submitted;
    const highest = update === "max" || (update === "best" && order === "desc");
    return highest ? Math.max(present, submitted) : Math.min(present, submitted);
  }

  #compare(one: Row, other: Row): number {
    const { order, ties } = this.settings;
    if (one.score !== other.score) return one.score < other.score === (order === "asc") ? -1 : 1;
    if (ties === "member") return Buffer.compare(Buffer.from(one.member), Buffer.from(other.member));
    return ties === "first" ? one.reached - other.reached : other.reached - one.reached;
  }

  #sort(rows: Row[]): Row[] {
    return rows.sort((one, other) => this.#compare(one, other));
  }

  #entriesOf(rows: readonly Row[], all: readonly Row[]) {
    return rows.map((row) => {
      const { member, score, metadata } = row;
      return { rank: this.rankOf(row, all), member, score, ...(metadata && { metadata }) };
    });
  }
}
