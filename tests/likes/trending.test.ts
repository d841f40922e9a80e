import { afterAll, beforeEach, expect, inject, test } from "vitest";
import { outcomeOf, uniqueTenant } from "../api.ts";
import { composeLikes } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller, type LikesCaller } from "./caller.ts";

const environment = {
  LIKES_TRENDING: "hour,day,week",
  LIKES_KINDS: JSON.stringify({
    post: { reactions: ["like", "love"] },
    view: { approximate: true },
  }),
  LIKES_PARTITION_MEMBERS: "5",
  LIKES_PARTITIONS: "7",
};
const HALF_LIVES_S = { hour: 3600, day: 86_400, week: 604_800 };

const sandbox = composeLikes(inject("redisUrl"), { environment });
const client = bareClient();
afterAll(async () => {
  client.disconnect();
  await sandbox.connection.close();
});

let tenant: string;
let caller: LikesCaller;
beforeEach(() => {
  tenant = uniqueTenant();
  caller = createCaller(sandbox.apiOf(tenant));
});

async function scores(query: Record<string, string> = {}): Promise<Record<string, number>> {
  const answer = await caller.trending(query);
  expect(answer.status, answer.text).toBe(200);
  return Object.fromEntries(answer.json.subjects.map(({ subject, score }: never) => [subject, score]));
}

async function likeBy(subject: string, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) await caller.like(subject, `user-${number}`);
}

/** As if everything so far had happened so much earlier: what is kept is times in half-lives. */
async function letPass(seconds: number): Promise<void> {
  for (const [window, halfLife] of Object.entries(HALF_LIVES_S)) {
    for (const key of await keysOf(client, `${tenant}:likes:*:trending-${window}`)) {
      const rows = await client.zrange(key, "0", "-1", "WITHSCORES");
      for (let at = 0; at < rows.length; at += 2)
        await client.zadd(key, Number(rows[at + 1]) - seconds / halfLife, rows[at] ?? "");
    }
  }
}

test("what most like of late comes first, and each user counts once", async () => {
  await likeBy("a", 0, 2);
  await likeBy("b", 0, 4);
  await likeBy("c", 0, 3);
  for (let time = 0; time < 10; time++) await caller.like("a", "user-0");
  await caller.like("post:1", "ann", { reaction: "love" });
  await caller.like("post:1", "ann", { reaction: "like" });
  await caller.like("view:1", "ann");
  await caller.like("view:1", "ann");
  const answer = await caller.trending();
  expect(answer.json.subjects, "of two that are equal, the newer first").toEqual([
    { subject: "b", score: 4 },
    { subject: "c", score: 3 },
    { subject: "a", score: 2 },
    { subject: "view:1", score: 1 },
    { subject: "post:1", score: 1 },
  ]);
  expect(Object.keys(await scores({ limit: "2" }))).toEqual(["b", "c"]);
});

test("a like weighs half after each half-life, by the window", async () => {
  await likeBy("old", 0, 8);
  await letPass(3600);
  await likeBy("new", 0, 3);
  await likeBy("old", 8, 9);
  const near = (value: number) => expect.closeTo(value, 1);
  expect(await scores({ window: "hour" })).toEqual({ old: near(5), new: near(3) });
  expect(await scores({ window: "day" })).toEqual({ old: near(8 * 2 ** (-1 / 24) + 1), new: near(3) });
  await letPass(86_400);
  expect(await scores({ window: "day" })).toEqual({ old: near(4.4), new: near(1.5) });
  expect(await scores({ window: "week" })).toEqual({
    old: near(9 * 2 ** (-1 / 7)),
    new: near(3 * 2 ** (-1 / 7)),
  });
  expect(await scores({ window: "hour" }), "after a day an hour's likes are worth nothing").toEqual({});
});

test("what is taken back takes its own weight with it", async () => {
  await likeBy("a", 0, 3);
  await caller.unlike("a", "user-0");
  await caller.unlike("a", "user-0");
  await caller.unlike("a", "nobody");
  expect(await scores()).toEqual({ a: expect.closeTo(2, 2) });
  await caller.like("a", "user-0");
  for (let time = 0; time < 20; time++) {
    await caller.unlike("a", "user-0");
    await caller.like("a", "user-0");
  }
  expect(await scores()).toEqual({ a: expect.closeTo(3, 2) });
  for (let number = 0; number < 3; number++) await caller.unlike("a", `user-${number}`);
  expect(await scores()).toEqual({});
  expect(await keysOf(client, `${tenant}:likes:*:trending-*`)).toEqual([]);
});

test("who is counted once stays so while a subject lets its members go", async () => {
  const wide = composeLikes(inject("redisUrl"), {
    environment: { LIKES_KINDS: JSON.stringify({ video: { promoteAt: 505 } }) },
  });
  const { like, trending } = createCaller(wide.api);
  for (let number = 0; number < 506; number++) await like("video:1", `user-${number}`);
  const score = async () => (await trending()).json.subjects[0].score;
  const before = await score();
  expect(before).toBeCloseTo(506, 0);
  await like("video:1", "user-504"); // is among the five that are still there by name
  expect(await score()).toBeLessThan(before + 0.5);
  await wide.connection.close();
});

test("what is spread is added up", async () => {
  await likeBy("hot", 0, 60);
  await likeBy("cold", 0, 4);
  expect(await scores()).toEqual({ hot: expect.closeTo(60, 1), cold: expect.closeTo(4, 1) });
  for (let number = 0; number < 30; number++) await caller.unlike("hot", `user-${number}`);
  expect(await scores({ limit: "1" })).toEqual({ hot: expect.closeTo(30, 1) });
});

test("what is spread is found among others that weigh more in each part", async () => {
  await likeBy("hot", 0, 60);
  for (const [number, key] of (await keysOf(client, `${tenant}:likes:*:trending-day`)).entries()) {
    const power = Number(await client.zscore(key, "hot"));
    for (let rival = 0; rival < 3; rival++) await client.zadd(key, power + 1, `rival-${number}-${rival}`);
  }
  expect(await scores({ limit: "1" })).toEqual({ hot: expect.closeTo(60, 1) });
});

test("a newcomer finds a place among a thousand subjects that all weigh more, and leaves it when taken back", async () => {
  await caller.like("a", "ann");
  const [key = ""] = await keysOf(client, `${tenant}:likes:*:trending-day`);
  const power = Number(await client.zscore(key, "a"));
  const others = Array.from({ length: 1000 }, (_, at) => [power + 3 + at / 1000, `other-${at}`]).flat();
  await caller.unlike("a", "ann");
  await client.zadd(key, ...(others as [number, string]), power + 2, "least");
  for (let number = 0; number < 9; number++) await caller.like("a", `user-${number}`);
  const weight = 2 ** (Number(await client.zscore(key, "a")) - power);
  expect(weight, "at least what it has, and no more than the least had beside it").toBeGreaterThan(8.99);
  expect(weight).toBeLessThan(9 + 2 ** 3.01);
  expect(await client.zcard(key)).toBe(1001);
  for (let number = 0; number < 9; number++) await caller.unlike("a", `user-${number}`);
  expect(await client.zscore(key, "a")).toBeNull();
  await client.zremrangebyrank(key, 50, -1);
  expect(Object.keys(await scores({ limit: "100" })), "what has no name is no subject").not.toContain("");
});

test("a set lives for twenty half-lives after likes last kept pace with the decay", async () => {
  const HALF_LIFE_MS = HALF_LIVES_S.hour * 1000;
  await likeBy("a", 0, 3);
  const [key = ""] = await keysOf(client, `${tenant}:likes:*:trending-hour`);
  await letPass(HALF_LIVES_S.hour);
  await client.pexpire(key, HALF_LIFE_MS);
  await likeBy("a", 3, 6);
  const left = await client.pttl(key);
  expect(left).toBeGreaterThan(19 * HALF_LIFE_MS);
  expect(left).toBeLessThanOrEqual(20 * HALF_LIFE_MS);
});

test("of what is only estimated a like weighs as much when there are many as when there are few", async () => {
  await caller.like("view:1", "ann");
  const [estimate = ""] = await keysOf(client, `${tenant}:likes:*:view%3A1/estimate`);
  const many = Array.from({ length: 100_000 }, (_, number) => `early-${number}`);
  for (let from = 0; from < many.length; from += 10_000)
    await client.pfadd(estimate, ...many.slice(from, from + 10_000));
  const counts = estimate.replace(/estimate$/, "counts");
  await client.hset(counts, ":estimate", await client.pfcount(estimate));
  const before = (await scores())["view:1"] ?? 0;
  await likeBy("view:1", 0, 1000);
  await likeBy("view:1", 0, 1000); // nobody new
  const added = ((await scores())["view:1"] ?? 0) - before;
  // The names are always the same, and so is what a HyperLogLog makes of them.
  expect(added).toBeGreaterThan(750);
  expect(added).toBeLessThan(1250);
});

test("a window that is not kept is said so, and costs nothing", async () => {
  const daily = composeLikes(inject("redisUrl"));
  const { like, trending } = createCaller(daily.api);
  await like("a", "ann");
  expect((await trending()).json.subjects).toEqual([{ subject: "a", score: 1 }]);
  expect(outcomeOf(await trending({ window: "hour" }))).toBe("404 window_unknown");
  expect(await keysOf(client, `${daily.tenant}:likes:*:trending-*`)).toHaveLength(1);
  await daily.connection.close();
});
