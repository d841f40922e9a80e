import { afterAll, afterEach, describe, expect, inject, test, vi } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLeaderboards } from "../composition.ts";
import { mintToken } from "../token.ts";
import { createCaller } from "./caller.ts";
import { makePast } from "./past.ts";
import { createStored } from "./stored.ts";

const sandbox = composeLeaderboards(inject("redisUrl"));
/** With a token that lasts, whatever the clock shows. */
const api: typeof sandbox.api = async (method, path, options) =>
  sandbox.api(method, path, {
    ...options,
    token: await mintToken({ tenant: sandbox.tenant, exp: 4_102_444_800 }),
  });
const { begin, submit, lines, ranks, member, removeMember, batchGet, rankOf, get, put } = createCaller(api);
const stored = createStored(sandbox.tenant);
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  stored.redis.disconnect();
  await sandbox.connection.close();
});

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WINDOWS = ["all", "daily", "weekly", "monthly"] as const;
const ENTRIES = [{ member: "a", score: 1, metadata: { x: 1 } }];

/** A moment as the clocks of a zone show it: its date, and its time of day in milliseconds. */
function localOf(ms: number, timeZone: string) {
  const text = new Date(ms).toLocaleString("sv-SE", { timeZone });
  return { date: text.slice(0, 10), timeMs: Date.parse(`1970-01-01T${text.slice(11)}Z`) };
}
const dayOf = (date: string) => Date.parse(date) / DAY_MS;
const dateOf = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** The local date on which a period has been over for as many periods as are kept. */
function lastDateOf(window: string, today: string, pastWindows: number): string {
  const [year = 0, month = 0] = today.split("-").map(Number);
  if (window === "monthly") return new Date(Date.UTC(year, month + pastWindows)).toISOString().slice(0, 10);
  const weekday = (dayOf(today) + 3) % 7; // from Monday
  return dateOf(
    window === "daily" ? dayOf(today) + 1 + pastWindows : dayOf(today) - weekday + 7 * (1 + pastWindows),
  );
}

const zones = ["UTC", "Pacific/Auckland", "America/New_York", "Asia/Kathmandu", "Europe/Berlin"];
describe.each(zones)("in %s", (timeZone) => {
  test.each([0, 1, 30])(
    "every key of a period expires at local midnight, %i periods after its end",
    async (pastWindows) => {
      for (const partitions of [1, 2]) {
        const board = `expiry-${timeZone.replace("/", "-")}-${pastWindows}-${partitions}`;
        const settings = { windows: WINDOWS, timeZone, pastWindows, partitions, ranking: "dense" };
        await begin(board, settings);
        await submit(board, ENTRIES);
        const { date: today } = localOf(Date.now(), timeZone);
        await lines(board);
        const found: Record<string, number> = { all: 0, daily: 0, weekly: 0, monthly: 0 };
        for (const key of await stored.keys(board)) {
          const [, part = ""] = key.split("}:");
          const [window = ""] = part.split("-");
          const expiresAt = await stored.redis.pexpiretime(key);
          if (found[window] === undefined) continue;
          found[window]++;
          if (window === "all") expect(expiresAt, key).toBe(-1);
          else {
            const { date, timeMs } = localOf(expiresAt, timeZone);
            expect([date, timeMs], key).toEqual([lastDateOf(window, today, pastWindows), 0]);
            expect(localOf(expiresAt - 1, timeZone).date < date).toBe(true);
          }
        }
        const each = partitions === 1 ? 4 : 5; // and the holders
        expect(found).toEqual({ all: each, daily: each, weekly: each, monthly: each });
      }
    },
  );
});

describe.each([{ partitions: 1 }, { partitions: 3, ranking: "dense" }])("on a board of %j", (more) => {
  const timeZone = "Pacific/Auckland";
  let count = 0;
  /** A board with the present and two past days. */
  async function beginWithPast(pastWindows: number): Promise<{ board: string; dates: string[] }> {
    const board = `past-${more.partitions}-${count++}`;
    await begin(board, { windows: ["daily", "weekly"], timeZone, pastWindows, ...more }, [2, 1]);
    await lines(board, { window: "daily" });
    const pasts = await makePast(stored.redis, await stored.keys(board), "daily", [1, 2, 3], timeZone);
    return { board, dates: pasts.map((id) => id.slice("daily-".length)) };
  }

  test("a date reads its period as long as that is kept", async () => {
    const { board, dates } = await beginWithPast(2);
    await submit(board, [{ member: "m1", score: 5 }]);
    const { date: today } = localOf(Date.now(), timeZone);
    expect(await lines(board, { window: "daily", at: today })).toEqual(["1 m1 5", "2 m0 2"]);
    for (const at of dates.slice(0, 2)) {
      expect(await lines(board, { window: "daily", at })).toEqual(["1 m0 2", "2 m1 1"]);
      expect((await member(board, "m1", { window: "daily", at, around: "1" })).json).toMatchObject({
        rank: 2,
        score: 1,
      });
      expect((await batchGet(board, ["m1"], { window: "daily", at })).json.members).toMatchObject([
        { rank: 2 },
      ]);
      expect((await rankOf(board, 1.5, { window: "daily", at })).json.rank).toBe(2);
    }
    const late = await ranks(board, { window: "daily", at: dates[2] ?? "" });
    expect(outcomeOf(late)).toBe("404 window_unknown");
    expect(await lines(board, { window: "weekly", at: today })).toHaveLength(2);
  });

  test("a cursor stays in the period in which it began", async () => {
    const { board, dates } = await beginWithPast(3);
    for (const at of [dates[2] ?? "", undefined]) {
      const query = { window: "daily", limit: "1", ...(at && { at }) };
      const first = await ranks(board, query);
      await submit(board, [{ member: "m9", score: 9 }]);
      expect(await lines(board, { ...query, cursor: first.json.next })).toEqual(at ? ["2 m1 1"] : ["2 m0 2"]);
    }
  });

  test("a member is removed from the past too, and from as much of it as was ever kept", async () => {
    const { board, dates } = await beginWithPast(3);
    await removeMember(board, "m0");
    for (const at of dates) expect(await lines(board, { window: "daily", at })).toEqual(["1 m1 1"]);
    const settings = { windows: ["daily", "weekly"], timeZone, ...more };
    await put(board, { ...settings, pastWindows: 1 });
    await removeMember(board, "m1");
    await put(board, { ...settings, pastWindows: 3 });
    for (const at of dates) expect(await lines(board, { window: "daily", at }), at).toEqual([]);
  });

  const skews = [26, -26, 24 * 40, -24 * 40];
  test.each(skews)(
    "the clock of Redis decides, whatever the function's shows: %i hours off",
    async (hours) => {
      const board = `skew-${more.partitions}-${hours}`;
      await begin(board, { windows: WINDOWS, timeZone, pastWindows: 1, ...more }, [7]);
      const trueNow = Date.now.bind(Date);
      vi.spyOn(Date, "now").mockImplementation(() => trueNow() + hours * HOUR_MS);
      const answer = await submit(board, [
        { member: "a", score: 1 },
        { member: "m0", score: 8 },
      ]);
      expect(answer.status, answer.text).toBe(200);
      for (const window of WINDOWS) {
        expect(answer.json.results[0].windows[window].rank).toBe(2);
        expect(await lines(board, { window }), window).toEqual(["1 m0 8", "2 a 1"]);
        expect((await member(board, "a", { window, around: "1" })).json).toMatchObject({
          rank: 2,
          percentile: 50,
        });
        expect((await batchGet(board, ["a"], { window })).json.members).toMatchObject([{ rank: 2 }]);
        expect((await rankOf(board, 5, { window })).json.rank).toBe(2);
      }
      expect((await get(board)).json.counts).toEqual({ all: 2, daily: 2, weekly: 2, monthly: 2 });
      vi.restoreAllMocks();
      for (const window of WINDOWS) expect(await lines(board, { window })).toEqual(["1 m0 8", "2 a 1"]);
      const { date: today } = localOf(Date.now(), timeZone);
      const keys = (await stored.keys(board)).filter((key) => key.includes(":daily-"));
      expect(
        keys.every((key) => key.includes(`:daily-${today}-`)),
        `${keys}`,
      ).toBe(true);
    },
  );
});
