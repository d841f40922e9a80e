import { afterAll, describe, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLikes } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller, usersOf } from "./caller.ts";

const environment = {
  LIKES_KINDS: JSON.stringify({
    post: { reactions: ["like", "love", "wow"] },
    photo: { reactions: ["like", "love", "wow"], several: true },
    article: { claps: 50 },
    view: { approximate: true },
    limit: { reactions: ["like", "inf", "nan", "infinity", "INF"] },
  }),
};
const sandbox = composeLikes(inject("redisUrl"), { environment });
const { like, unlike, read, put, remove, users } = createCaller(sandbox.api);
const client = bareClient();
afterAll(async () => {
  client.disconnect();
  await sandbox.connection.close();
});

test("a like is counted once, however often it is sent, and taken back once", async () => {
  const liked = { count: 1, reactions: { like: 1 }, mine: "like" };
  expect(await like("page", "ann")).toEqual(liked);
  for (let time = 0; time < 20; time++) {
    const again = await Promise.all(Array.from({ length: 50 }, () => like("page", "ann")));
    expect(again).toEqual(Array(50).fill(liked));
  }
  expect(await like("page", "bob")).toEqual({ count: 2, reactions: { like: 2 }, mine: "like" });
  for (let time = 0; time < 3; time++)
    expect(await unlike("page", "ann")).toEqual({ count: 1, reactions: { like: 1 }, mine: null });
  expect(await read("page", "ann")).toEqual({ count: 1, reactions: { like: 1 }, mine: null });
  expect(await read("page")).toEqual({ count: 1, reactions: { like: 1 } });
  expect(await unlike("page", "bob")).toEqual({ count: 0, reactions: { like: 0 }, mine: null });
});

test("what nobody has ever liked has no likes", async () => {
  expect(await read("nothing", "ann")).toEqual({ count: 0, reactions: { like: 0 }, mine: null });
  expect(await unlike("nothing", "ann")).toEqual({ count: 0, reactions: { like: 0 }, mine: null });
  expect((await users("nothing")).json).toEqual({ users: [] });
});

test("one reaction takes the place of the other", async () => {
  expect(await like("post:1", "ann", { reaction: "love" })).toEqual({
    count: 1,
    reactions: { like: 0, love: 1, wow: 0 },
    mine: "love",
  });
  expect((await like("post:1", "ann")).mine, "it says nothing of another").toBe("love");
  expect((await like("post:1", "bob")).mine, "the first is what a like is").toBe("like");
  expect((await like("post:1", "ann", { reaction: "wow" })).reactions).toEqual({ like: 1, love: 0, wow: 1 });
  expect((await unlike("post:1", "ann", { reaction: "love" })).mine, "it is not what was given").toBe("wow");
  expect((await like("post:1", "ann", { reaction: "like" })).reactions).toEqual({ like: 2, love: 0, wow: 0 });
  expect(await unlike("post:1", "ann", { reaction: "like" })).toEqual({
    count: 1,
    reactions: { like: 1, love: 0, wow: 0 },
    mine: null,
  });
});

test("where several are allowed each is given and taken back for itself", async () => {
  await like("photo:1", "ann");
  expect(await like("photo:1", "ann", { reaction: "wow" })).toEqual({
    count: 1,
    reactions: { like: 1, love: 0, wow: 1 },
    mine: ["like", "wow"],
  });
  await like("photo:1", "ann", { reaction: "wow" });
  expect((await like("photo:1", "bob", { reaction: "wow" })).reactions).toEqual({ like: 1, love: 0, wow: 2 });
  expect((await unlike("photo:1", "ann", { reaction: "like" })).mine).toEqual(["wow"]);
  expect((await like("photo:1", "ann", { reaction: "like" })).mine).toEqual(["wow", "like"]);
  expect((await unlike("photo:1", "ann", { reaction: "wow" })).mine).toEqual(["like"]);
  expect((await unlike("photo:1", "ann", { reaction: "like" })).mine).toBeNull();
  await like("photo:1", "ann", { reaction: "love" });
  await like("photo:1", "ann");
  expect((await users("photo:1")).json.users.map(({ user, reaction }: never) => [user, reaction])).toEqual([
    ["ann", ["love"]],
    ["bob", ["wow"]],
  ]);
  expect(await unlike("photo:1", "ann")).toEqual({
    count: 1,
    reactions: { like: 0, love: 0, wow: 1 },
    mine: null,
  });
});

test("a reaction may have a name that elsewhere is a number", async () => {
  for (const reaction of ["inf", "nan", "infinity", "INF"])
    expect(await like("limit:1", reaction, { reaction })).toMatchObject({ mine: reaction });
  expect((await read("limit:1")).reactions).toEqual({ like: 0, inf: 1, nan: 1, infinity: 1, INF: 1 });
  expect((await like("limit:1", "inf", { reaction: "nan" })).reactions).toMatchObject({ inf: 0, nan: 2 });
  expect((await unlike("limit:1", "nan")).reactions).toMatchObject({ inf: 0, nan: 1 });
});

test("when everybody has taken their likes back, nothing is left but what ends by itself", async () => {
  const tenant = `empty-${sandbox.tenant}`.slice(0, 64);
  const { like, unlike, read } = createCaller(sandbox.apiOf(tenant));
  const subjects = ["page", "post:1", "photo:1", "article:1"];
  const gifts = [{}, { reaction: "love" }, { reaction: "wow" }, { claps: 7 }];
  const users = ["ann", "bob"];
  for (const [at, subject] of subjects.entries()) {
    for (const user of users) await like(subject, user, gifts[at]);
    await unlike(subject, "ann");
    expect((await read(subject)).count).toBe(1);
    const { count, reactions = {}, claps } = await unlike(subject, "bob");
    expect([count, ...Object.values(reactions), claps?.total ?? 0].every((number) => number === 0)).toBe(
      true,
    );
    expect((await read(subject)).reactions).toEqual(reactions);
  }
  const lasting = [];
  for (const key of await keysOf(client, `${tenant}:*`)) if ((await client.pttl(key)) < 0) lasting.push(key);
  expect(lasting).toEqual([]);
});

test("what most give takes no memory of its own", async () => {
  const stored = () => keysOf(client, `${sandbox.tenant}:likes:*:post%3Aplain/given`);
  await like("post:plain", "ann");
  await like("post:plain", "bob", { reaction: "like" });
  expect(await stored()).toEqual([]);
  await like("post:plain", "ann", { reaction: "wow" });
  expect(await stored()).toHaveLength(1);
  await like("post:plain", "ann", { reaction: "like" });
  await like("photo:plain", "ann", { reaction: "wow" });
  await like("photo:plain", "ann", { reaction: "like" });
  await unlike("photo:plain", "ann", { reaction: "wow" });
  expect(await stored()).toEqual([]);
  expect(await keysOf(client, `${sandbox.tenant}:likes:*:photo%3Aplain/given`)).toEqual([]);
});

test("claps are how many a user gives in all, and the likes are the users", async () => {
  const known = (count: number, total: number, mine: number) => ({
    count,
    reactions: { like: count },
    mine: mine ? "like" : null,
    claps: { total, mine },
  });
  expect(await like("article:1", "ann")).toEqual(known(1, 1, 1));
  expect(await like("article:1", "ann", { claps: 7 })).toEqual(known(1, 7, 7));
  expect(await like("article:1", "ann")).toEqual(known(1, 7, 7));
  expect(await like("article:1", "bob", { claps: 50 })).toEqual(known(2, 57, 50));
  expect(await like("article:1", "ann", { claps: 1 })).toEqual(known(2, 51, 1));
  expect((await users("article:1")).json.users[1]).toMatchObject({ user: "ann", reaction: "like", claps: 1 });
  expect(await unlike("article:1", "bob", { reaction: "like" })).toEqual(known(1, 1, 0));
  expect((await read("article:1")).claps).toEqual({ total: 1 });
});

describe("where only a count is wanted", () => {
  test("nobody can be taken out or listed, and the error is told", async () => {
    const known = { count: 1, approximate: true, standardError: 0.0081 };
    for (let time = 0; time < 3; time++) expect(await like("view:1", "ann")).toEqual(known);
    expect(await read("view:1", "ann")).toEqual(known);
    expect(await read("view:2")).toEqual({ ...known, count: 0 });
    expect(outcomeOf(await remove("view:1", "ann"))).toBe("409 likes_approximate");
    expect(outcomeOf(await users("view:1"))).toBe("409 likes_approximate");
    expect(await read("view:1")).toEqual(known);
  });

  test("the count is as near as it is said", async () => {
    const total = 3000;
    for (let from = 0; from < total; from += 50)
      await Promise.all(Array.from({ length: 50 }, (_, at) => put("view:many", `user-${from + at}`)));
    const { count } = await read("view:many");
    expect(Math.abs(count / total - 1)).toBeLessThan(5 * 0.0081);
  });
});

test("no tenant sees what another likes", async () => {
  await like("page", "ann");
  const other = createCaller(sandbox.apiOf("somebody-else"));
  expect((await other.read("page", "ann")).count).toBe(0);
  expect((await other.liked("ann")).json.likes).toEqual([]);
  expect((await other.trending()).json.subjects).toEqual([]);
  expect(usersOf(await other.users("page"))).toEqual([]);
});

test("a body may be left out, and be sent as an empty object", async () => {
  expect((await put("bodies", "ann")).status).toBe(200);
  expect((await put("bodies", "ann", {})).status).toBe(200);
  expect((await remove("bodies", "ann")).status).toBe(200);
});

test.each(["page:evicted", "post:evicted", "photo:evicted", "article:evicted"])(
  "when Redis has evicted who likes it, it is counted anew: %s",
  async (subject) => {
    const gift = { page: {}, post: { reaction: "love" }, photo: { reaction: "wow" }, article: { claps: 9 } }[
      subject.split(":")[0] ?? ""
    ];
    const nobody = await read(subject, "ann");
    for (const user of ["ann", "bob", "cat"]) await like(subject, user, gift);
    const [members = ""] = await keysOf(
      client,
      `${sandbox.tenant}:likes:*:${encodeURIComponent(subject)}/members`,
    );
    await client.unlink(members);
    expect(await read(subject, "ann")).toEqual(nobody);
    const other = createCaller(sandbox.apiOf(`fresh-${sandbox.tenant}`.slice(0, 64)));
    for (const user of ["dan", "ann"])
      expect(await like(subject, user, gift)).toEqual(await other.like(subject, user, gift));
    expect(await unlike(subject, "dan")).toEqual(await other.unlike(subject, "dan"));
    expect(await unlike(subject, "ann")).toEqual(nobody);
  },
);
