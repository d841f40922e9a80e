export const WINDOWS = ["all", "daily", "weekly", "monthly"] as const;
export type Window = (typeof WINDOWS)[number];

/**
 * One daily, weekly or monthly period of a time zone; `all` is one period without borders. A day begins at the first
 * instant whose local date is that day or a later one, and does not begin again: where the clock goes back over
 * midnight, the repeated end of the day before belongs to the new day. A day that a zone skipped is empty.
 */
export interface Period {
  readonly window: Window;
  /** `all`, `daily-2026-11-20`, `weekly-2026-W47` (ISO 8601, Monday first), `monthly-2026-11`. Part of a Redis key. */
  readonly id: string;
  /** Milliseconds since 1970; the start is in, the end is not. */
  readonly startsAt: number;
  readonly endsAt: number;
}

/** A zone's clock, which is dear to make, and the period of each window that was asked for last. */
interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly last: Map<Window, Period>;
}

/** Periods of one kind, numbered one after the other. A day is a number too: 0 is Thursday, 1970-01-01. */
interface Calendar {
  readonly numberAt: (day: number) => number;
  readonly firstDay: (number: number) => number;
  readonly name: (firstDay: number) => string;
  readonly someDay: (name: string) => number;
}

const DAY_MS = 86_400_000;
const MAX_AHEAD_MS = 15 * 3_600_000;
const MAX_ZONES = 64;
const zones = new Map<string, Zone>();
const ALL: Period = { window: "all", id: "all", startsAt: 0, endsAt: Number.MAX_SAFE_INTEGER };

const dayOf = (date: string): number => Date.parse(date) / DAY_MS;
const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

const calendars: Record<Exclude<Window, "all">, Calendar> = {
  daily: { numberAt: (day) => day, firstDay: (day) => day, name: dateOf, someDay: dayOf },
  weekly: {
    numberAt: (day) => Math.floor((day + 3) / 7),
    firstDay: (number) => number * 7 - 3,
    // A week belongs to the year of its Thursday, so the 4th of January is always in the first.
    name: (monday) => {
      const year = dateOf(monday + 3).slice(0, 4);
      const week = Math.floor((monday + 3 - dayOf(`${year}-01-01`)) / 7) + 1;
      return `${year}-W${String(week).padStart(2, "0")}`;
    },
    someDay: (name) => dayOf(`${name.slice(0, 4)}-01-04`) + 7 * (Number(name.slice(6)) - 1),
  },
  monthly: {
    numberAt: (day) => (Number(dateOf(day).slice(0, 4)) - 1970) * 12 + Number(dateOf(day).slice(5, 7)) - 1,
    firstDay: (number) => Date.UTC(1970, number) / DAY_MS,
    name: (day) => dateOf(day).slice(0, 7),
    someDay: (name) => dayOf(`${name}-01`),
  },
};

/** The name of a zone as Intl writes it. Without a slash only UTC is one: to Intl, BST is the time of Bangladesh. */
export function canonicalTimeZone(name: string): string | undefined {
  if (name.toUpperCase() !== "UTC" && !name.includes("/")) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** Whether a text is a calendar date of the years 1970 to 9999, such as `2026-11-20`. */
export function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && dayOf(text) >= 0 && dateOf(dayOf(text)) === text;
}

/** The period that contains a moment. */
export function periodAt(window: Window, timeZone: string, atMs: number): Period {
  if (window === "all") return ALL;
  const zone = zoneOf(timeZone);
  const last = zone.last.get(window);
  if (last && last.startsAt <= atMs && atMs < last.endsAt) return last;
  const number = calendars[window].numberAt(Math.floor((atMs + offsetAt(zone, atMs)) / DAY_MS));
  const shown = periodOf(window, zone, number);
  // The clock may have gone back to a day that is over.
  const period = atMs < shown.endsAt ? shown : periodOf(window, zone, number + 1);
  zone.last.set(window, period);
  return period;
}

/** The period that contains a local date (see `isDate`). */
export function periodOn(window: Window, timeZone: string, date: string): Period {
  return window === "all" ? ALL : periodOf(window, zoneOf(timeZone), calendars[window].numberAt(dayOf(date)));
}

/** The period `by` further (negative: back), up to the year 9999. `all` is always itself. */
export function neighbour(
  { window, id }: Pick<Period, "window" | "id">,
  timeZone: string,
  by: number,
): Period {
  if (window === "all") return ALL;
  const { numberAt, someDay } = calendars[window];
  return periodOf(window, zoneOf(timeZone), numberAt(someDay(id.slice(window.length + 1))) + by);
}

function periodOf(window: Exclude<Window, "all">, zone: Zone, number: number): Period {
  const { firstDay, name } = calendars[window];
  const [first, next] = [firstDay(number), firstDay(number + 1)];
  const id = `${window}-${name(first)}`;
  return { window, id, startsAt: beginningOf(zone, first), endsAt: beginningOf(zone, next) };
}

/** The first instant whose local date is the day or a later one. */
function beginningOf(zone: Zone, day: number): number {
  const midnight = day * DAY_MS;
  let begun = midnight - offsetAt(zone, midnight - MAX_AHEAD_MS);
  let earliest = midnight - offsetAt(zone, begun);
  // Only where the clock went forward shortly before.
  while (earliest < begun) {
    const middle = Math.floor((earliest + begun) / 2);
    if (middle + offsetAt(zone, middle) >= midnight) begun = middle;
    else earliest = middle + 1;
  }
  return earliest;
}

/** How much the zone's clock is ahead of UTC. */
function offsetAt(zone: Zone, atMs: number): number {
  const text = zone.format.format(atMs);
  const [, sign, hours = 0, minutes = 0, seconds = 0] = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  return sign === "-" ? -ms : ms;
}

function zoneOf(timeZone: string): Zone {
  const known = zones.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const zone: Zone = { format, last: new Map() };
  if (zones.size >= MAX_ZONES) zones.clear();
  zones.set(timeZone, zone);
  return zone;
}
