import { afterAll, expect, inject, test } from "vitest";
import { neighbour, periodAt } from "../../lib/leaderboards/periods.ts";
import { composeLeaderboards } from "../composition.ts";
import { createCaller } from "./caller.ts";
import { createStored } from "./stored.ts";

const timeZone = "Pacific/Auckland";

const sandbox = composeLeaderboards(inject("redisUrl"));
const { begin, put, submit, lines } = createCaller(sandbox.api);
const stored = createStored(sandbox.tenant);
afterAll(async () => {
  stored.redis.disconnect();
  await sandbox.connection.close();
});

/** When the keys of the present day go, each moment once. */
async function endsOf(board: string): Promise<number[]> {
  const keys = (await stored.keys(board)).filter((key) => key.includes(":daily-"));
  const ends = await Promise.all(keys.map((key) => stored.redis.pexpiretime(key)));
  expect(keys.length).toBeGreaterThan(0);
  return [...new Set(ends)];
}

test.each([1, 3])(
  "however many past windows are kept, a day of %i partitions goes as one",
  async (partitions) => {
    const board = `board-${partitions}`;
    const settings = { partitions, windows: ["all", "daily"], timeZone, ranking: "dense", update: "last" };
    await begin(board, { ...settings, pastWindows: 1 }, [5, 4, 4, 3, 2, 1]);
    await lines(board, { window: "daily" });
    const endAfter = (past: number) =>
      neighbour(periodAt("daily", timeZone, Date.now()), timeZone, past + 1).startsAt;
    expect(await endsOf(board)).toEqual([endAfter(1)]);
    for (const pastWindows of [30, 3, 0]) {
      expect((await put(board, { ...settings, pastWindows })).status).toBe(200);
      expect(await endsOf(board)).toEqual([endAfter(pastWindows)]);
      await submit(board, [{ member: "m1", score: 10 + pastWindows }]);
      await lines(board, { window: "daily" });
      expect(await endsOf(board)).toEqual([endAfter(pastWindows)]);
    }
  },
);
