import { afterAll, describe, expect, inject, test } from "vitest";
import { uniqueTenant } from "../api.ts";
import { composeLikes } from "../composition.ts";
import { expectConsistencyKept, readPages, testPages } from "../cursors.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller, type Member, subjectsOf, usersOf } from "./caller.ts";

const environment = {
  LIKES_KINDS: JSON.stringify({
    post: { reactions: ["like", "love"] },
    photo: { reactions: ["like", "love"], several: true },
    view: { approximate: true },
    video: { promoteAt: 2 },
  }),
  LIKES_PARTITION_MEMBERS: "4",
  LIKES_PARTITIONS: "3",
};
const sandbox = composeLikes(inject("redisUrl"), { environment });
const caller = createCaller(sandbox.api);
const { like, unlike, users, liked } = caller;
const stranger = createCaller(sandbox.apiOf(uniqueTenant()));
const client = bareClient();
afterAll(async () => {
  client.disconnect();
  await sandbox.connection.close();
});

/** One after the other; gives the users, newest first. */
async function likeBy(subject: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, at) => `user-${at}`);
  for (const name of names) await like(subject, name);
  return names.reverse();
}

async function likeMany(user: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, at) => `page-${at}`);
  for (const name of names) await like(name, user);
  return names.reverse();
}

describe("who likes a subject", () => {
  test.each([3, 30])("is listed newest first, page by page: %i of them", async (count) => {
    const subject = `pages-${count}`;
    const expected = await likeBy(subject, count);
    for (const limit of [1, 2, 7, 100]) {
      const pages = await readPages((query) => users(subject, query), limit, usersOf);
      expect(pages.flat()).toEqual(expected);
      for (const page of pages.slice(0, -1)) expect(page).toHaveLength(limit);
    }
    const [first] = (await users(subject)).json.users as Member[];
    expect(first).toMatchObject({ user: expected[0], reaction: "like" });
    expect(Math.abs(Date.parse(first?.at ?? "") - Date.now())).toBeLessThan(60_000);
  });

  test("stays in its place whatever it gives, and whoever else comes and goes", async () => {
    const expected = await likeBy("post:busy", 20);
    let others = 0;
    const pages = await readPages(
      (query) => users("post:busy", query),
      3,
      usersOf,
      async () => {
        await like("post:busy", `other-${others++}`);
        await like("post:busy", "user-1", { reaction: others % 2 ? "love" : "like" });
        await unlike("post:busy", "user-5");
        await unlike("post:busy", `other-${others - 2}`);
      },
    );
    expect(pages.flat().filter((user) => user !== "user-5")).toEqual(
      expected.filter((user) => user !== "user-5"),
    );
  });

  test("comes first again who came again", async () => {
    await likeBy("again", 9);
    await unlike("again", "user-0");
    await like("again", "user-0");
    expect(usersOf(await users("again", { limit: "2" }))).toEqual(["user-0", "user-8"]);
  });
});

describe("what a user likes", () => {
  test("is listed newest first, with what they gave, page by page", async () => {
    const expected = await likeMany("ann", 9);
    await like("post:1", "ann", { reaction: "love" });
    for (const limit of [1, 4, 100])
      expect((await readPages((query) => liked("ann", query), limit, subjectsOf)).flat()).toEqual([
        "post:1",
        ...expected,
      ]);
    const [first] = (await liked("ann")).json.likes;
    expect(first).toEqual({ subject: "post:1", reaction: "love", at: expect.any(String) });
    expect((await liked("nobody")).json).toEqual({ likes: [] });
  });

  test("has what is spread, and not what was taken back or of which only a count is known", async () => {
    await likeBy("spread", 12);
    await like("spread", "bob");
    await like("page", "bob");
    await like("taken", "bob");
    await unlike("taken", "bob");
    expect(subjectsOf(await liked("bob"))).toEqual(["page", "spread"]);
    await unlike("spread", "bob");
    expect(subjectsOf(await liked("bob"))).toEqual(["page"]);
  });

  test("does not have what is only in the list, as the subject knows better", async () => {
    await like("known", "hal");
    const [list = ""] = await keysOf(client, `${sandbox.tenant}:likes:*:liked-hal`);
    await client.zadd(list, Date.now() * 2000, "post:stale");
    expect(subjectsOf(await liked("hal"))).toEqual(["known"]);
  });

  test("does not move when it is liked again, or given something else", async () => {
    await like("post:a", "cat");
    await like("post:b", "cat");
    await like("post:a", "cat", { reaction: "love" });
    await like("post:a", "cat");
    expect(subjectsOf(await liked("cat"))).toEqual(["post:b", "post:a"]);
  });

  test("keeps what a user gave something else as well", async () => {
    await like("photo:1", "dan", { reaction: "like" });
    await like("photo:1", "dan", { reaction: "love" });
    await unlike("photo:1", "dan", { reaction: "like" });
    await unlike("post:nothing", "dan", { reaction: "love" });
    expect((await liked("dan")).json.likes).toMatchObject([{ subject: "photo:1", reaction: ["love"] }]);
  });

  test("leaves nothing behind when all is taken back", async () => {
    for (const subject of ["brief", "post:brief", "photo:brief"]) await like(subject, "eve");
    await like("photo:brief", "eve", { reaction: "love" });
    const stored = () => keysOf(client, `${sandbox.tenant}:likes:*:liked-eve`);
    expect((await stored()).length).toBeGreaterThan(0);
    for (const subject of ["brief", "post:brief", "photo:brief"]) await unlike(subject, "eve");
    expect(await stored()).toEqual([]);
  });

  test("has nothing of which nobody need know who likes it", async () => {
    await like("view:1", "gus");
    await like("video:1", "gus");
    expect(subjectsOf(await liked("gus"))).toEqual([]);
  });

  test.each([64, 1000])("is the last %i, if the list may have so many, and not many more", async (MOST) => {
    const small = composeLikes(inject("redisUrl"), { environment: { LIKES_MAX_PER_USER: `${MOST}` } });
    const { like, unlike, liked, read } = createCaller(small.api);
    const names = Array.from({ length: 640 + 2 * MOST }, (_, at) => `page-${at}`);
    for (const name of names) await like(name, "fay");
    const listed = (await readPages((query) => liked("fay", query), 100, subjectsOf)).flat();
    expect(listed.slice(0, MOST)).toEqual(names.slice(-MOST).reverse());
    expect(listed.length).toBeLessThanOrEqual(MOST + 4 * Math.sqrt(64 * MOST) + 64);
    expect(listed.length).toBeLessThan(names.length);
    expect((await read("page-0", "fay")).mine, "the subject knows").toBe("like");
    expect(await unlike("page-0", "fay")).toMatchObject({ count: 0, mine: null });
    await small.connection.close();
  });
});

describe("the pages of what a user likes", () => {
  testPages({
    api: sandbox.api,
    list: liked,
    stranger: stranger.liked,
    beginMany: likeMany,
    idsOf: subjectsOf,
  });
});

describe("the pages of who likes a subject", () => {
  test("a cursor is of no use for another subject or tenant", async () => {
    await likeBy("owner", 6);
    const { next } = (await users("owner", { limit: "2" })).json;
    expect((await users("owner", { cursor: next })).status).toBe(200);
    for (const answer of [
      await users("other", { cursor: next }),
      await stranger.users("owner", { cursor: next }),
    ])
      expect([answer.status, answer.json.errors[0].path]).toEqual([400, "query.cursor"]);
    const link = (await users("owner", { limit: "2" })).headers.link;
    expect(link).toContain("</v1/likes/owner/users?limit=2&cursor=");
  });

  test("are read all as the first was asked for", async () => {
    await likeBy("kept", 6);
    await expectConsistencyKept(sandbox.api, (query) => users("kept", query));
  });
});

test("many subjects are read at once, in their order, with what a user gave", async () => {
  await likeBy("many", 11);
  await like("post:7", "ann", { reaction: "love" });
  const subjects = ["post:7", "many", "nothing", "post:7"];
  const { likes } = (await caller.batchGet(subjects, "ann")).json;
  const love = { subject: "post:7", count: 1, reactions: { like: 0, love: 1 }, mine: "love" };
  expect(likes).toEqual([
    love,
    { subject: "many", count: 11, reactions: { like: 11 }, mine: null },
    { subject: "nothing", count: 0, reactions: { like: 0 }, mine: null },
    love,
  ]);
  expect((await caller.batchGet(["many"])).json.likes).toEqual([
    { subject: "many", count: 11, reactions: { like: 11 } },
  ]);
  const hundred = Array.from({ length: 100 }, (_, at) => `post:h${at}`);
  expect((await caller.batchGet(hundred, "user-3")).json.likes).toHaveLength(100);
});
