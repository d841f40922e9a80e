import calculateSlot from "cluster-key-slot";
import type { Cluster } from "ioredis";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { parseConfig } from "../../lib/config.ts";
import { createLikes, type Likes } from "../../lib/likes/likes.ts";
import { likeScripts } from "../../lib/likes/scripts.ts";
import type { Connection } from "../../lib/redis/connection.ts";
import { startCluster } from "../redis/one-node-cluster.ts";

const PARTITIONS = 16;
const TENANT = "t";

let connection: Connection;
let likes: Likes;
beforeAll(async () => {
  connection = await startCluster(likeScripts, 3);
  const config = parseConfig({
    AUTH_PUBLIC_KEY: inject("publicKey"),
    LIKES_KINDS: JSON.stringify({ post: { reactions: ["like", "love"] }, video: { promoteAt: 5 } }),
    LIKES_PARTITION_MEMBERS: "20",
    LIKES_PARTITIONS: `${PARTITIONS}`,
    LIKES_TRENDING: "hour,day,week",
  });
  likes = createLikes(connection, config.likes);
});
afterAll(() => connection?.close());

const nameOf = (number: number) => `user-${String(number).padStart(3, "0")}`;

test("every operation keeps the keys of one call in one slot, and a subject that grows is spread over the nodes", async () => {
  const people = Array.from({ length: 200 }, (_, number) => nameOf(number));
  for (const user of people) await likes.like(TENANT, "post:1", user, "love");
  expect(await likes.like(TENANT, "post:1", nameOf(7), "like")).toEqual({
    count: 200,
    reactions: { like: 1, love: 199 },
    mine: "like",
  });
  expect(await likes.unlike(TENANT, "post:1", nameOf(8))).toMatchObject({ count: 199, mine: null });
  expect(await likes.unlike(TENANT, "post:1", nameOf(150))).toMatchObject({ count: 198, mine: null });
  const page = await likes.members(TENANT, "post:1", { limit: 100 });
  if (typeof page === "string") throw new Error(page);
  expect(page.users).toHaveLength(100);
  const rest = await likes.members(TENANT, "post:1", { limit: 100, after: page.last });
  if (typeof rest === "string") throw new Error(rest);
  const listed = [...page.users, ...rest.users].map(({ user }) => user);
  expect(listed.toSorted()).toEqual(people.filter((user) => ![nameOf(8), nameOf(150)].includes(user)));

  const nodes = await connection.run((redis) =>
    Promise.all((redis as unknown as Cluster).nodes("master").map((node) => node.keys("*:post%3A1/members"))),
  );
  expect(nodes.filter((keys) => keys.length > 0)).toHaveLength(3);
  const keys = nodes.flat();
  expect(new Set(keys.map((key) => calculateSlot(key))).size).toBe(keys.length);
  expect(keys.length).toBe(1 + PARTITIONS);
});

test("what spans the nodes is asked at once", async () => {
  const subjects = Array.from({ length: 100 }, (_, number) => `page-${number}`);
  for (const subject of subjects) await likes.like(TENANT, subject, "ann", undefined);
  const found = await likes.getAll(TENANT, subjects, "ann");
  expect(found).toEqual(subjects.map(() => ({ count: 1, reactions: { like: 1 }, mine: "like" })));
  const liked = await likes.liked(TENANT, "ann", { limit: 100 });
  if (liked === "cursor") throw new Error(liked);
  expect(liked.likes.map(({ subject }) => subject)).toEqual(subjects.toReversed());
  for (let number = 0; number < 9; number++) await likes.like(TENANT, "video:1", nameOf(number), undefined);
  expect((await likes.getAll(TENANT, ["video:1"]))[0]).toMatchObject({ count: 9, approximate: true });
  const trending = await likes.trending(TENANT, { window: "day", limit: 2 });
  expect(trending).toMatchObject([
    { subject: "post:1", score: expect.closeTo(198, 0) },
    { subject: "video:1", score: expect.closeTo(9, 1) },
  ]);
});
