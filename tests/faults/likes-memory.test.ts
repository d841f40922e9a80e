import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningRedis } from "../../dev/redis/start-redis.ts";
import { type Answer, outcomeOf } from "../api.ts";
import { type Composition, composeLikes } from "../composition.ts";
import { createCaller, type LikesCaller, subjectsOf } from "../likes/caller.ts";
import { fillUp, startUnevicting } from "./full-redis.ts";

const environment = {
  LIKES_KINDS: JSON.stringify({
    post: { reactions: ["like", "love"] },
    photo: { reactions: ["like", "love", "wow"], several: true },
    view: { approximate: true },
  }),
  LIKES_PARTITION_MEMBERS: "10",
  LIKES_PARTITIONS: "3",
};

let server: RunningRedis;
let admin: Redis;
let sandbox: Composition<unknown>;
let caller: LikesCaller;
beforeAll(async () => {
  server = await startUnevicting();
  admin = new Redis(server.url);
  sandbox = composeLikes(server.url, { environment });
  caller = createCaller(sandbox.api);
  for (let number = 0; number < 12; number++) {
    await caller.like("post:1", `user-${number}`, { reaction: number % 2 ? "love" : "like" });
    await caller.like("view:1", `user-${number}`);
  }
  for (const reaction of ["like", "love", "wow"]) await caller.like("photo:1", "ann", { reaction });
  for (let number = 0; number < 10; number++) await caller.like("full", `user-${number}`);
  await fillUp(admin);
});
afterAll(async () => {
  admin?.disconnect();
  await sandbox?.connection.close();
  await server?.stop();
});

const everything = async () => [
  (await caller.get("post:1", "user-3")).text,
  (await caller.users("post:1")).text,
  (await caller.get("view:1")).text,
  (await caller.get("full")).text,
  (await caller.liked("user-3")).text,
  (await caller.trending()).json.subjects.map(({ subject }: { subject: string }) => subject),
  await admin.dbsize(),
];

test.each<[string, () => Promise<Answer>]>([
  ["a like", () => caller.put("post:1", "ann")],
  ["the first like", () => caller.put("post:2", "ann")],
  ["the like that would open partitions", () => caller.put("full", "ann")],
  ["a like that is only counted", () => caller.put("view:1", "ann")],
  ["a like that was counted before", () => caller.put("view:1", "user-3")],
  ["another reaction", () => caller.put("post:1", "user-3", { reaction: "like" })],
])("%s is refused with 507 and changes nothing", async (_, run) => {
  const before = await everything();
  expect(outcomeOf(await run())).toBe("507 out_of_memory");
  expect(await everything()).toEqual(before);
});

test("one reaction of several is taken back, which leaves the others to be written", async () => {
  expect((await caller.remove("photo:1", "ann", { reaction: "love" })).json).toMatchObject({
    reactions: { like: 1, love: 0, wow: 1 },
    mine: ["like", "wow"],
  });
});

test("whoever likes something no more is let go, and what is left is right", async () => {
  expect((await caller.remove("post:1", "user-3")).json).toMatchObject({ count: 11, mine: null });
  expect((await caller.remove("post:1", "user-11")).json).toMatchObject({ count: 10, mine: null });
  expect((await caller.read("post:1")).reactions).toEqual({ like: 6, love: 4 });
  expect(subjectsOf(await caller.liked("user-3"))).not.toContain("post:1");
  await admin.config("SET", "maxmemory", "0");
  expect(await caller.like("post:1", "user-3")).toMatchObject({ count: 11, mine: "like" });
});
