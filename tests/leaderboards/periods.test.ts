import fc from "fast-check";
import { expect, test } from "vitest";
import {
  canonicalTimeZone,
  isDate,
  neighbour,
  type Period,
  periodAt,
  periodOn,
  WINDOWS,
} from "../../lib/leaderboards/periods.ts";

const DAY_MS = 86_400_000;

/** Whose clocks change at midnight, over it, by half an hour, by seconds, or by a whole day. */
const strangeZones = [
  "Africa/Cairo",
  "Africa/Monrovia",
  "America/Asuncion",
  "America/Havana",
  "America/Sao_Paulo",
  "America/St_Johns",
  "Asia/Beirut",
  "Asia/Pyongyang",
  "Atlantic/Azores",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Kwajalein",
];
const timeZone = fc.oneof(
  fc.constantFrom(...strangeZones),
  fc.constantFrom("UTC", ...Intl.supportedValuesOf("timeZone")),
);
const moment = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
const window = fc.constantFrom(...WINDOWS);
const bordered = fc.constantFrom("daily" as const, "weekly" as const, "monthly" as const);

test.each([
  // An ordinary day, and a leap day.
  ["UTC", "2026-11-20", "2026-11-20T00:00Z", "2026-11-21T00:00Z"],
  ["Asia/Kolkata", "2024-02-29", "2024-02-28T18:30Z", "2024-02-29T18:30Z"],
  // The clock changes by day.
  ["Europe/Berlin", "2026-03-29", "2026-03-28T23:00Z", "2026-03-29T22:00Z"],
  ["Europe/Berlin", "2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"],
  ["Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00Z", "2026-04-05T13:30Z"],
  ["Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30Z", "2026-10-04T13:00Z"],
  // From 00:00 to 01:00.
  ["America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z", "2018-11-05T02:00Z"],
  ["America/Havana", "2026-03-08", "2026-03-08T05:00Z", "2026-03-09T04:00Z"],
  ["America/Asuncion", "2023-10-01", "2023-10-01T04:00Z", "2023-10-02T03:00Z"],
  ["Asia/Beirut", "2026-03-29", "2026-03-28T22:00Z", "2026-03-29T21:00Z"],
  ["Africa/Cairo", "2026-04-24", "2026-04-23T22:00Z", "2026-04-24T21:00Z"],
  // From 24:00 to 23:00: the day ends an hour later.
  ["America/Sao_Paulo", "2019-02-16", "2019-02-16T02:00Z", "2019-02-17T03:00Z"],
  ["Africa/Cairo", "2026-10-29", "2026-10-28T21:00Z", "2026-10-29T22:00Z"],
  // From 01:00 to 00:00: the first midnight counts.
  ["America/Havana", "2026-11-01", "2026-11-01T04:00Z", "2026-11-02T05:00Z"],
  ["Atlantic/Azores", "2026-10-25", "2026-10-25T00:00Z", "2026-10-26T01:00Z"],
  // From 00:01 to 23:01 of the day before: what has begun has begun.
  ["America/St_Johns", "2010-11-06", "2010-11-06T02:30Z", "2010-11-07T02:30Z"],
  ["America/St_Johns", "2010-11-07", "2010-11-07T02:30Z", "2010-11-08T03:30Z"],
  // From 00:00:00 to 00:44:30.
  ["Africa/Monrovia", "1972-01-07", "1972-01-07T00:44:30Z", "1972-01-08T00:00Z"],
  // Over the date line.
  ["Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", "2011-12-30T10:00Z"],
  ["Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z", "2011-12-30T10:00Z"],
  ["Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", "2011-12-31T10:00Z"],
  ["Pacific/Kwajalein", "1993-08-21", "1993-08-21T12:00Z", "1993-08-21T12:00Z"],
])("in %s the day %s is from %s to %s", (zone, date, start, end) => {
  const startsAt = Date.parse(start);
  const endsAt = Date.parse(end);
  expect(periodOn("daily", zone, date)).toEqual({ window: "daily", id: `daily-${date}`, startsAt, endsAt });
});

test.each([
  ["weekly", "UTC", "2020-12-31", "weekly-2020-W53", "2020-12-28T00:00Z", "2021-01-04T00:00Z"],
  ["weekly", "UTC", "2021-01-03", "weekly-2020-W53", "2020-12-28T00:00Z", "2021-01-04T00:00Z"],
  ["weekly", "UTC", "2021-01-04", "weekly-2021-W01", "2021-01-04T00:00Z", "2021-01-11T00:00Z"],
  ["weekly", "UTC", "2025-12-29", "weekly-2026-W01", "2025-12-29T00:00Z", "2026-01-05T00:00Z"],
  ["weekly", "UTC", "2026-11-20", "weekly-2026-W47", "2026-11-16T00:00Z", "2026-11-23T00:00Z"],
  ["weekly", "UTC", "1970-01-01", "weekly-1970-W01", "1969-12-29T00:00Z", "1970-01-05T00:00Z"],
  ["weekly", "Europe/Berlin", "2026-03-29", "weekly-2026-W13", "2026-03-22T23:00Z", "2026-03-29T22:00Z"],
  ["weekly", "Pacific/Apia", "2011-12-30", "weekly-2011-W52", "2011-12-26T10:00Z", "2012-01-01T10:00Z"],
  ["monthly", "UTC", "2024-02-29", "monthly-2024-02", "2024-02-01T00:00Z", "2024-03-01T00:00Z"],
  ["monthly", "UTC", "2100-02-28", "monthly-2100-02", "2100-02-01T00:00Z", "2100-03-01T00:00Z"],
  ["monthly", "UTC", "9999-12-31", "monthly-9999-12", "9999-12-01T00:00Z", "+010000-01-01T00:00Z"],
  ["monthly", "Asia/Tokyo", "2026-12-01", "monthly-2026-12", "2026-11-30T15:00Z", "2026-12-31T15:00Z"],
  ["monthly", "America/New_York", "2026-11-30", "monthly-2026-11", "2026-11-01T04:00Z", "2026-12-01T05:00Z"],
] as const)("the %s period in %s of %s is %s", (window, zone, date, id, start, end) => {
  const startsAt = Date.parse(start);
  const endsAt = Date.parse(end);
  expect(periodOn(window, zone, date)).toEqual({ window, id, startsAt, endsAt });
});

test("a moment of a repeated hour before midnight belongs to the day that has begun", () => {
  const shows2301 = Date.parse("2010-11-07T02:31Z");
  expect(localDate("America/St_Johns", shows2301)).toBe("2010-11-06");
  expect(periodAt("daily", "America/St_Johns", shows2301).id).toBe("daily-2010-11-07");
});

test("all is one period, whatever the moment, the day and the way", () => {
  const all = { window: "all", id: "all", startsAt: 0, endsAt: Number.MAX_SAFE_INTEGER };
  expect(periodAt("all", "UTC", 1e12)).toEqual(all);
  expect(periodOn("all", "UTC", "2026-11-20")).toEqual(all);
  expect(neighbour(periodAt("all", "UTC", 0), "UTC", -3)).toEqual(all);
});

test("a neighbour may be far, and over a day that was skipped", () => {
  const ofLeapDay = periodOn("daily", "UTC", "2024-02-29");
  expect(neighbour(ofLeapDay, "UTC", 366).id).toBe("daily-2025-03-01");
  expect(neighbour(periodOn("weekly", "UTC", "2026-12-31"), "UTC", 1).id).toBe("weekly-2027-W01");
  expect(neighbour(periodOn("monthly", "UTC", "2026-11-20"), "UTC", -11).id).toBe("monthly-2025-12");
  const beforeGap = periodOn("daily", "Pacific/Apia", "2011-12-29");
  expect(neighbour(beforeGap, "Pacific/Apia", 2)).toEqual(periodOn("daily", "Pacific/Apia", "2011-12-31"));
});

test("many zones at once do not mix up", () => {
  const zones = Intl.supportedValuesOf("timeZone");
  const ask = () => zones.map((zone) => periodAt("daily", zone, 1.8e12));
  const once = ask();
  expect(ask()).toEqual(once);
  expect(once.map(({ id }) => id)).toEqual(zones.map((zone) => `daily-${localDate(zone, 1.8e12)}`));
});

test("only zones that Intl knows have a canonical name", () => {
  expect(canonicalTimeZone("UTC")).toBe("UTC");
  expect(canonicalTimeZone("utc")).toBe("UTC");
  expect(canonicalTimeZone("europe/BERLIN")).toBe("Europe/Berlin");
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    expect(canonicalTimeZone(zone.toUpperCase())).toBe(canonicalTimeZone(zone));
    expect(canonicalTimeZone(zone)).toBeDefined();
  }
  for (const other of ["", " ", "/", "+01:00", "-0500", "Z", "BST", "UTC+1", "Europe/Bern", "Europe/Berlin "])
    expect(canonicalTimeZone(other)).toBeUndefined();
});

test("only dates of the calendar from 1970 to 9999 are dates", () => {
  for (const date of ["1970-01-01", "2026-11-20", "2024-02-29", "2000-02-29", "9999-12-31"])
    expect(isDate(date)).toBe(true);
  const years = ["1969-12-31", "0000-01-01", "10000-01-01", "+010000-01-01", "26-11-20"];
  const days = [
    "2026-02-30",
    "2025-02-29",
    "2100-02-29",
    "2026-04-31",
    "2026-00-10",
    "2026-13-01",
    "2026-01-00",
  ];
  const texts = [
    "",
    "today",
    "2026-11",
    "2026-1-2",
    "2026-W47",
    "2026-11-20\n",
    "2026-11-20T00:00Z",
    "２026-11-20",
  ];
  for (const text of [...years, ...days, ...texts]) expect(isDate(text)).toBe(false);
});

test("the period at a moment contains it and is that of its local date unless that is over", () => {
  const property = fc.property(window, timeZone, moment, (window, zone, at) => {
    const period = periodAt(window, zone, at);
    expect(period.startsAt).toBeLessThanOrEqual(at);
    expect(period.endsAt).toBeGreaterThan(at);
    if (window === "all") return;
    const date = localDate(zone, at);
    const shown = periodOn(window, zone, date);
    expect(shown.id).toBe(idOf(window, date));
    expect(period).toEqual(at < shown.endsAt ? shown : neighbour(shown, zone, 1));
    expect(period.id).toBe(idOf(window, localDate(zone, period.startsAt)));
  });
  fc.assert(property, { numRuns: 2000 });
});

test("periods follow one another without a gap, there and back", () => {
  const by = fc.integer({ min: -400, max: 400 });
  const property = fc.property(bordered, timeZone, moment, by, (window, zone, at, by) => {
    const period = periodAt(window, zone, at);
    const next = neighbour(period, zone, 1);
    expect(next.startsAt).toBe(period.endsAt);
    expect(neighbour(period, zone, -1).endsAt).toBe(period.startsAt);
    expect(neighbour(next, zone, -1)).toEqual(period);
    expect(neighbour(period, zone, 0)).toEqual(period);
    expect(neighbour(neighbour(period, zone, by), zone, -by)).toEqual(period);
    expect(periodAt(window, zone, period.startsAt)).toEqual(period);
    expect(periodAt(window, zone, period.endsAt - 1)).toEqual(period);
    expect(periodAt(window, zone, period.endsAt).startsAt).toBe(period.endsAt);
  });
  fc.assert(property, { numRuns: 1000 });
});

test("the days of a week and of a month fill it", () => {
  const longer = fc.constantFrom("weekly" as const, "monthly" as const);
  const property = fc.property(longer, timeZone, moment, (window, zone, at) => {
    const period = periodAt(window, zone, at);
    let day = periodAt("daily", zone, period.startsAt);
    expect(day.startsAt).toBe(period.startsAt);
    for (; day.startsAt < period.endsAt; day = neighbour(day, zone, 1))
      expect(periodOn(window, zone, day.id.slice("daily-".length))).toEqual(period);
    expect(day.startsAt).toBe(period.endsAt);
  });
  fc.assert(property, { numRuns: 300 });
});

test.each(strangeZones)("every day in %s begins when the clock first shows it", (zone) => {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone });
  const isRight = ({ id, startsAt, endsAt }: Period) => {
    const date = id.slice("daily-".length);
    const before = format.format(startsAt - 1);
    const first = format.format(startsAt);
    if (startsAt === endsAt) return before < date && first > date;
    const soon = periodAt("daily", zone, startsAt + 1_800_000);
    return before < date && first === date && format.format(endsAt - 1) <= date && soon.id === id;
  };
  const wrong: Period[] = [];
  let day = periodOn("daily", zone, "1970-01-01");
  for (; day.startsAt < Date.UTC(2030, 0); day = neighbour(day, zone, 1)) if (!isRight(day)) wrong.push(day);
  expect(wrong).toEqual([]);
});

/** As Intl tells it, in the country that writes dates as ISO 8601 does. */
function localDate(timeZone: string, at: number): string {
  return new Date(at).toLocaleDateString("sv-SE", { timeZone });
}

function idOf(window: "daily" | "weekly" | "monthly", date: string): string {
  if (window === "daily") return `daily-${date}`;
  if (window === "monthly") return `monthly-${date.slice(0, 7)}`;
  const thursday = new Date(date);
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const year = thursday.getUTCFullYear();
  const dayOfYear = (thursday.getTime() - Date.UTC(year, 0)) / DAY_MS + 1;
  return `weekly-${year}-W${String(Math.ceil(dayOfYear / 7)).padStart(2, "0")}`;
}
