import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Answer } from "../api.ts";
import { type Composition, composeLeaderboards, expectUnavailable, until } from "../composition.ts";
import { createCaller, type LeaderboardsCaller, type Ranked } from "../leaderboards/caller.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { type KilledServer, killUnderLoad, startKilledServer } from "./killed-server.ts";

vi.setConfig({ testTimeout: 60_000 });
let server: KilledServer;
let sandbox: Composition<unknown>;
let caller: LeaderboardsCaller;
beforeAll(async () => {
  server = await startKilledServer();
  sandbox = composeLeaderboards(server.url);
  caller = createCaller(sandbox.api);
});
afterAll(async () => {
  await sandbox?.connection.close();
  await server?.stop();
});

/** The server forgets all scripts. */
async function flush(): Promise<void> {
  const admin = new Redis(server.url);
  await admin.script("FLUSH");
  admin.disconnect();
}

const SETTINGS = { windows: ["all", "daily"], update: "sum", capacity: 20 };
/** Every operation, on a board that is there. */
const operations = (
  calls: LeaderboardsCaller,
  board: string,
  settings: object,
): (() => Promise<Answer>)[] => [
  () =>
    calls.submit(board, [
      { member: "a", score: 5, metadata: { a: 1 } },
      { member: "b", score: 4 },
    ]),
  () => calls.submit(board, [{ member: "a", score: 5 }], { "idempotency-key": "k" }),
  () => calls.submit(board, [{ member: "a", score: 5 }], { "idempotency-key": "k" }),
  () => calls.ranks(board),
  () => calls.ranks(board, { offset: "1", window: "daily" }),
  () => calls.member(board, "a", { around: "2" }),
  () => calls.batchGet(board, ["a", "b", "c"]),
  () => calls.rankOf(board, 3),
  () => calls.get(board),
  () => calls.put(board, settings),
  () => calls.removeMember(board, "b"),
  () => calls.ranks(board),
];

test.each([{ partitions: 1 }, { partitions: 1, ranking: "dense" }, { partitions: 4, ranking: "dense" }])(
  "scripts that the server forgot are sent again, whatever is asked next, of a board of %j",
  async (more) => {
    const settings = { ...SETTINGS, ...more };
    const board = `flushed-${more.partitions}-${more.ranking}`;
    const texts: string[][] = [[], []];
    for (const [at, before] of [flush, async () => {}].entries()) {
      await before();
      expect((await caller.put(board, settings)).status).toBe(201);
      for (const run of operations(caller, board, settings)) {
        await before();
        const answer = await run();
        expect(answer.status, answer.text).toBeLessThan(300);
        texts[at]?.push(answer.text);
      }
      await before();
      expect((await caller.remove(board)).status).toBe(204);
      expect((await caller.get(board)).status).toBe(404);
    }
    expect(texts[0]).toEqual(texts[1]);
  },
);

test("a submission counts once, also when the server forgot half of the scripts", async () => {
  const other = composeLeaderboards(server.url, { tenant: sandbox.tenant });
  await caller.begin("half", { ...SETTINGS, partitions: 4, ranking: "dense" }, [100, 90, 80]);
  for (let round = 1; round < 4; round++) {
    await flush();
    await createCaller(other.api).lines("half"); // the server knows some scripts again, the others not
    const entries = Array.from({ length: 8 }, (_, at) => ({ member: `n${at}`, score: 8 - at }));
    const { results } = (await caller.submit("half", entries)).json;
    results.forEach(({ windows }: { windows: { all: object } }, at: number) => {
      expect(windows.all, `round ${round}`).toMatchObject({ score: round * (8 - at), rank: 4 + at });
    });
  }
  await other.connection.close();
});

test("ranks that are read are exact, also when the server forgot half of the scripts", async () => {
  const other = composeLeaderboards(server.url, { tenant: sandbox.tenant });
  const { get, removeMember } = createCaller(other.api);
  await caller.begin("read", { partitions: 4, ranking: "dense" }, [9, 8, 7, 6, 5]);
  await caller.member("read", "m4");
  for (let gone = 0; gone < 4; gone++) {
    await flush();
    await get("read"); // the server knows again how to count
    await removeMember("read", `m${gone}`);
    expect((await caller.member("read", "m4")).json.rank, `without ${gone + 1}`).toBe(4 - gone);
  }
  await other.connection.close();
});

test.each([1, 3])(
  "a black hole costs 503 in time, whatever is asked, and then all goes on: %i partitions",
  async (partitions) => {
    const proxy = await startTcpProxy(server.url);
    const behind = composeLeaderboards(proxy.url, { environment: { REDIS_DEADLINE_MS: "300" } });
    const calls = createCaller(behind.api);
    const settings = { ...SETTINGS, partitions, ranking: "dense" };
    await calls.begin("hole", settings, [3, 2, 1]);
    const before = await calls.lines("hole");
    Object.assign(proxy.faults, { ignoreNew: true });
    proxy.blackHole();
    const removals = [
      () => calls.removeMember("hole", "m0"),
      () => calls.remove("hole"),
      () => calls.put("new"),
    ];
    for (const run of [...operations(calls, "hole", settings), ...removals]) expectUnavailable(await run());
    proxy.faults.ignoreNew = false;
    await until(
      () => calls.get("hole"),
      ({ status }) => status !== 503,
    );
    expect(await calls.lines("hole"), "nothing of it has reached the server").toEqual(before);
    await behind.connection.close();
    await proxy.close();
  },
);

test("kill -9 under load gives only 503 in time, and no score, removal or board that was acknowledged is lost", async () => {
  await caller.begin("load", { update: "sum", partitions: 3, ranking: "dense" });
  /** What each caller was told of its sum, and what it has tried. */
  const told = new Map<string, number>();
  const tried = new Map<string, number>();
  const removed = new Set<string>();
  const boards = new Set<string>();
  await killUnderLoad(server, async (userId, isServed, number) => {
    for (let i = 0; i < 3; i++) {
      tried.set(userId, (tried.get(userId) ?? 0) + 1);
      const submission = caller.submit("load", [{ member: userId, score: 1 }]);
      if (!(await isServed(submission))) continue;
      told.set(userId, (await submission).json.results[0].windows.all.score);
    }
    const passing = `${userId}-${number}`;
    const entries = [{ member: passing, score: 0.5 }];
    if (!(await isServed(caller.submit("load", entries)))) return;
    if (await isServed(caller.removeMember("load", passing))) removed.add(passing);
    if (number % 10 === 0 && (await isServed(caller.put(passing)))) boards.add(passing);
    await isServed(caller.ranks("load", { limit: "5" }));
  });

  expect(removed.size).toBeGreaterThan(20);
  const { entries } = (await caller.ranks("load", { limit: "1000" })).json;
  const scores = new Map<string, number>(entries.map(({ member, score }: Ranked) => [member, score]));
  for (const [userId, score] of told) {
    expect(scores.get(userId), userId).toBeGreaterThanOrEqual(score);
    expect(scores.get(userId), userId).toBeLessThanOrEqual(tried.get(userId) ?? 0);
  }
  for (const member of removed) expect(scores.has(member), member).toBe(false);
  for (const board of boards) expect((await caller.get(board)).status, board).toBe(200);
  const levels = [...new Set(scores.values())].sort((a, b) => b - a);
  for (const { rank, score } of entries) expect(rank).toBe(levels.indexOf(score) + 1);
  for (const { member, score } of entries.slice(0, 20))
    expect((await caller.member("load", member)).json.rank).toBe(levels.indexOf(score) + 1);
});

test("a key whose call ran just before kill -9 still counts once", async () => {
  for (const partitions of [1, 3]) {
    const board = `key-${partitions}`;
    await caller.begin(board, { update: "sum", partitions, ranking: "dense" }, [5, 4, 3]);
    const entries = ["a", "b", "c", "d"].map((member) => ({ member, score: 1 }));
    const first = await caller.submit(board, entries, { "idempotency-key": "k" });
    await server.kill();
    await server.start();
    const again = await until(
      () => caller.submit(board, entries, { "idempotency-key": "k" }),
      ({ status }) => status !== 503,
    );
    if (partitions === 1) expect(again.json).toEqual(first.json);
    expect((await caller.lines(board)).slice(-4)).toEqual(["4 a 1", "4 b 1", "4 c 1", "4 d 1"]);
  }
});
