import calculateSlot from "cluster-key-slot";
import type { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parseConfig } from "../../lib/config.ts";
import type { Settings } from "../../lib/leaderboards/board.ts";
import { createLeaderboards, type Leaderboards } from "../../lib/leaderboards/leaderboards.ts";
import { leaderboardScripts } from "../../lib/leaderboards/scripts.ts";
import type { Connection } from "../../lib/redis/connection.ts";
import { startCluster } from "../redis/one-node-cluster.ts";

let connection: Connection;
let leaderboards: Leaderboards;
beforeAll(async () => {
  connection = await startCluster(leaderboardScripts, 3);
  const config = parseConfig({ AUTH_PUBLIC_KEY: inject("publicKey") });
  leaderboards = createLeaderboards(connection, config.leaderboards);
});
afterAll(() => connection?.close());

const TENANT = "t";
const MEMBERS = 200;
const BASE: Settings = {
  order: "desc",
  update: "sum",
  ties: "member",
  ranking: "ordinal",
  windows: ["all", "daily"],
  timeZone: "UTC",
  pastWindows: 1,
  partitions: 1,
};
/** Each score three times. */
const scoreOf = (number: number) => Math.floor(number / 3);
const nameOf = (number: number) => `m${String(number).padStart(3, "0")}`;

/** Who is where, as the rules say. */
function expected({ ranking }: Pick<Settings, "ranking">, numbers: readonly number[]) {
  const sorted = numbers.toSorted((a, b) => scoreOf(b) - scoreOf(a) || a - b);
  const better = (number: number) => sorted.filter((other) => scoreOf(other) > scoreOf(number));
  return sorted.map((number, at) => ({
    member: nameOf(number),
    score: scoreOf(number),
    rank: {
      ordinal: at + 1,
      competition: better(number).length + 1,
      dense: new Set(better(number).map(scoreOf)).size + 1,
    }[ranking],
  }));
}

/** The keys of a board on each node. */
async function keysOfNodes(board: string): Promise<string[][]> {
  return connection.run(async (redis) => {
    const nodes = (redis as unknown as Cluster).nodes("master");
    return Promise.all(nodes.map((node) => node.keys(`*{${encodeURIComponent(board)}%2F*`)));
  });
}

describe.each([1, 16])("in %i partitions", (partitions) => {
  test.each(["ordinal", "competition", "dense"] as const)(
    "every operation keeps the keys of one call in one slot, and ranks are %s",
    async (ranking) => {
      const board = `{board}:${ranking}@${partitions}`;
      const settings = { ...BASE, partitions, ranking };
      expect(await leaderboards.put(TENANT, board, settings)).toEqual({ outcome: "created" });
      const numbers = Array.from({ length: MEMBERS }, (_, at) => at);
      for (const half of [numbers.slice(0, MEMBERS / 2), numbers.slice(MEMBERS / 2)]) {
        const entries = half.map((number) => ({ member: nameOf(number), score: scoreOf(number) }));
        for (let time = 0; time < 2; time++) await leaderboards.submit(TENANT, board, entries, `${half[0]}`);
      }
      const all = expected(settings, numbers);

      const page = { limit: 30, offset: 0, window: "daily" } as const;
      const first = await leaderboards.page(TENANT, board, page);
      if ("refused" in first) throw new Error(first.refused);
      const second = await leaderboards.page(TENANT, board, { ...page, after: first.last });
      expect(first.entries).toEqual(all.slice(0, 30));
      expect(second).toMatchObject({ entries: all.slice(30, 60) });
      const range = await leaderboards.page(TENANT, board, {
        limit: 30,
        offset: 5,
        maxScore: 50,
        minScore: 40,
      });
      const inRange = all.filter(({ score }) => score <= 50 && score >= 40);
      expect(range).toMatchObject({ entries: inRange.slice(5) });

      const around = await leaderboards.around(TENANT, board, { member: nameOf(100), around: 5 });
      const place = all.findIndex(({ member }) => member === nameOf(100));
      expect(around).toMatchObject({ ...all[place], neighbours: all.slice(place - 5, place + 6) });
      const friends = await leaderboards.members.getAll(TENANT, board, [nameOf(3), nameOf(77), "nobody"], {});
      expect(friends).toMatchObject(all.filter(({ member }) => [nameOf(3), nameOf(77)].includes(member)));
      const { rank } = all.find(({ score }) => score === 9) ?? { rank: 0 };
      const found = await leaderboards.members.rankOf(TENANT, board, { score: 9, member: "m" });
      expect(found).toEqual({ rank });
      expect(await leaderboards.members.sizes(TENANT, board)).toMatchObject({
        counts: { all: MEMBERS, daily: MEMBERS },
      });

      await leaderboards.members.remove(TENANT, board, nameOf(199));
      await leaderboards.members.remove(TENANT, board, nameOf(0));
      const left = expected(settings, numbers.slice(1, -1));
      expect(await leaderboards.page(TENANT, board, { limit: 1000, offset: 0 })).toMatchObject({
        entries: left,
      });

      const nodes = await keysOfNodes(board);
      const holding = nodes.filter((keys) => keys.some((key) => key.endsWith("all-ranks")));
      expect(holding).toHaveLength(partitions === 1 ? 1 : 3);
      expect(new Set(nodes.flat().map((key) => calculateSlot(key))).size).toBe(partitions);

      expect(await leaderboards.put(TENANT, board, { ...settings, pastWindows: 2 })).toEqual({
        outcome: "changed",
      });
      await leaderboards.remove(TENANT, board);
      expect(await leaderboards.page(TENANT, board, page)).toEqual({ refused: "board_unknown" });
      const after = (await keysOfNodes(board)).flat();
      expect(after.filter((key) => !/:(board|outcome-[\w-]+)$/.test(key))).toEqual([]);
    },
  );

  test("only the best are kept, wherever they are", async () => {
    const board = `best-${partitions}`;
    await leaderboards.put(TENANT, board, { ...BASE, partitions, ranking: "dense", capacity: 10 });
    const numbers = Array.from({ length: 100 }, (_, at) => at);
    const entries = numbers.map((number) => ({ member: nameOf(number), score: scoreOf(number) }));
    await leaderboards.submit(TENANT, board, entries);
    const kept = expected({ ranking: "dense" }, numbers).slice(0, 10);
    expect(await leaderboards.page(TENANT, board, { limit: 100, offset: 0 })).toMatchObject({
      entries: kept,
    });
  });
});
