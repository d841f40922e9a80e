import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composeLikes } from "../composition.ts";
import { createCaller, type LikesCaller } from "../likes/caller.ts";
import { startCounting } from "./counted.ts";

const environment = {
  LIKES_KINDS: JSON.stringify({
    photo: { reactions: ["like", "love"], several: true },
    view: { approximate: true },
    video: { promoteAt: 2 },
  }),
  LIKES_PARTITION_MEMBERS: "2",
  LIKES_PARTITIONS: "4",
};

let counting: Awaited<ReturnType<typeof startCounting>>;
let caller: LikesCaller;
/** Through a connection whose round trips nobody counts. */
let uncounted: LikesCaller;
beforeAll(async () => {
  counting = await startCounting(
    (url, options) => composeLikes(url, { ...options, environment }),
    environment,
  );
  caller = createCaller(counting.api);
  uncounted = createCaller(counting.uncounted);
});
afterAll(() => counting?.close());

const roundTrips = (call: Promise<{ status: number }>) => counting.roundTrips(call);
const trips = async (call: Promise<{ status: number }>) => (await roundTrips(call))[1];
let count = 0;
const newSubject = (prefix = "") => `${prefix}page-${count++}`;
const hundred = (name: string) => Array.from({ length: 100 }, (_, at) => `${name}-${at}`);

/** Five users; the first two are in the first partition. */
async function spread(prefix = ""): Promise<string> {
  const subject = newSubject(prefix);
  for (const user of ["a", "b", "c", "d", "e"]) await uncounted.like(subject, user);
  return subject;
}

describe("one round trip is all that it takes", () => {
  test.each<[string, number, (subject: string) => Promise<{ status: number }>]>([
    ["to like", 200, (subject) => caller.put(subject, "ann")],
    ["to like again", 200, (subject) => caller.put(subject, "a")],
    ["to like no more", 200, (subject) => caller.remove(subject, "a")],
    ["to take back what nobody gave", 200, (subject) => caller.remove(subject, "nobody")],
    ["to count", 200, (subject) => caller.get(subject)],
    ["to count, and see what is mine", 200, (subject) => caller.get(subject, "a")],
    ["to list who likes it", 200, (subject) => caller.users(subject)],
    ["to like a photo", 200, () => caller.put("photo:1", "ann", { reaction: "love" })],
    ["to like what is only counted", 200, () => caller.put("view:1", "ann")],
    ["to like what is only counted from then on", 200, () => caller.put("video:1", `user-${count++}`)],
    ["to count about how many", 200, () => caller.get("view:1")],
    ["to read a hundred", 200, () => caller.batchGet(hundred("new"), "ann")],
    ["to read what is trending", 200, () => caller.trending({ limit: "100" })],
    ["to see that nobody likes it", 200, () => caller.users("nothing")],
  ])("%s", async (_, status, run) => {
    for (let time = 0; time < 2; time++) {
      const subject = newSubject();
      await uncounted.like(subject, "a");
      expect(await roundTrips(run(subject))).toEqual([status, 1]);
    }
  });
});

test("two to list what a user likes", async () => {
  for (const subject of hundred("liked")) await uncounted.like(subject, "bob");
  for (let time = 0; time < 2; time++)
    expect(await roundTrips(caller.liked("bob", { limit: "100" }))).toEqual([200, 2]);
  expect(await roundTrips(caller.liked("nobody"))).toEqual([200, 1]);
});

describe("with partitions", () => {
  test("one more for a sandbox that has not met them, and one as ever afterwards", async () => {
    for (const read of [
      (subject: string) => caller.get(subject, "a"),
      (subject: string) => caller.users(subject),
      (subject: string) => caller.batchGet([subject, "nothing", subject], "e"),
    ]) {
      const subject = await spread();
      expect(await roundTrips(read(subject))).toEqual([200, 2]);
      expect(await roundTrips(read(subject))).toEqual([200, 1]);
    }
  });

  test("of a thousand at most it is remembered that they have some", async () => {
    const first = await spread();
    expect([await trips(caller.get(first)), await trips(caller.get(first))]).toEqual([2, 1]);
    for (let hundreds = 0; hundreds < 10; hundreds++) {
      const subjects = hundred(`many-${hundreds}`);
      for (const user of ["a", "b", "c"])
        await Promise.all(subjects.map((subject) => uncounted.like(subject, user)));
      await caller.batchGet(subjects);
    }
    expect(await trips(caller.get("many-0-0")), "is still known").toBe(1);
    expect([await trips(caller.get(first)), await trips(caller.get(first))], "had to go").toEqual([2, 1]);
  });

  test("one for who is in the first, and two for everybody else", async () => {
    const subject = await spread();
    expect(await trips(caller.put(subject, "new")), "not met before").toBe(2);
    expect(await trips(caller.put(subject, "a"))).toBe(1);
    expect(await trips(caller.put(subject, "e"))).toBe(2);
    expect(await trips(caller.put(subject, "newer"))).toBe(2);
    expect(await trips(caller.remove(subject, "a"))).toBe(1);
    expect(await trips(caller.remove(subject, "e"))).toBe(1);
  });

  test("two to take a like back for a sandbox that has not met them", async () => {
    expect(await trips(caller.remove(await spread(), "e"))).toBe(2);
  });
});

test("none is made for what is refused", async () => {
  expect(await roundTrips(caller.remove("view:1", "ann"))).toEqual([409, 0]);
  expect(await roundTrips(caller.put("a b", "ann"))).toEqual([400, 0]);
  expect(await roundTrips(caller.put("page", "ann", { reaction: "hate" }))).toEqual([400, 0]);
  expect(await roundTrips(caller.batchGet(hundred("x").concat("y")))).toEqual([400, 0]);
  expect(await roundTrips(caller.users("page", { cursor: "forged" }))).toEqual([400, 0]);
  expect(await roundTrips(caller.liked("ann", { cursor: "forged" }))).toEqual([400, 0]);
});
