import { afterAll, describe, expect, inject, test } from "vitest";
import { outcomeOf, uniqueTenant } from "../api.ts";
import { type CompositionOptions, composeLikes } from "../composition.ts";
import { readPages } from "../cursors.ts";
import { createCaller, type Member, subjectsOf, usersOf } from "./caller.ts";
import { createStored } from "./stored.ts";

const FIRST = 20;
const PARTITIONS = 5;
const CALLERS = 10;
const environment = {
  // Nothing here is about time, and a machine may be busy.
  REDIS_DEADLINE_MS: "8000",
  LIKES_PARTITION_MEMBERS: `${FIRST}`,
  LIKES_PARTITIONS: `${PARTITIONS}`,
  LIKES_KINDS: JSON.stringify({
    post: { reactions: ["like", "love", "wow"] },
    photo: { reactions: ["like", "love", "wow"], several: true },
    article: { claps: 9 },
    video: { promoteAt: 15 },
  }),
};
const tenant = uniqueTenant();
/** Sandboxes of one tenant, each with a connection of its own, and none knows what another has learnt. */
const compose = (more: CompositionOptions = {}) =>
  composeLikes(inject("redisUrl"), { environment, tenant, ...more });
const sandboxes = [compose(), compose(), compose()];
const callers = sandboxes.map(({ api }) => createCaller(api));
const any = () => callers[Math.floor(Math.random() * callers.length)] as (typeof callers)[0];
const stored = createStored(tenant);
afterAll(async () => {
  stored.redis.disconnect();
  await Promise.all(sandboxes.map(({ connection }) => connection.close()));
});

/** Some at a time, in whatever order they come. */
async function atOnce<T>(
  items: readonly T[],
  run: (item: T) => Promise<unknown>,
  callers = CALLERS,
): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await run(item);
  };
  await Promise.all(Array.from({ length: callers }, worker));
}

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
const people = (count: number) => Array.from({ length: count }, (_, at) => `user-${at}`);
const allUsers = async (subject: string) =>
  (
    await readPages(
      (query) => any().users(subject, query),
      30,
      ({ json }): Member[] => json.users,
    )
  ).flat();

/** Everybody is in one partition, once, and whatever is asked tells the same. */
async function expectConsistent(subject: string, expected?: readonly string[]): Promise<void> {
  const members = (await stored.partitions(subject)).flat();
  expect(new Set(members).size, "nobody is in two partitions").toBe(members.length);
  const rows = await allUsers(subject);
  expect(rows.map(({ user }) => user).sort()).toEqual(members.toSorted());
  if (expected) expect(members.toSorted()).toEqual(expected.toSorted());
  const { count, reactions = {}, claps } = await any().read(subject);
  expect(count).toBe(members.length);
  const given = rows.flatMap(({ reaction }) => reaction);
  for (const [name, times] of Object.entries(reactions))
    expect(times, name).toBe(given.filter((reaction) => reaction === name).length);
  if (claps) expect(claps.total).toBe(rows.reduce((total, { claps = 0 }) => total + claps, 0));
}

describe("while a subject grows from one partition to several", () => {
  test("everybody is counted once, however often and wherever they say it, and no count goes back", async () => {
    const everybody = people(300);
    let done = false;
    const watch = async (caller: (typeof callers)[0]) => {
      for (let last = 0; !done; ) {
        const { count } = await caller.read("grown");
        expect(count).toBeGreaterThanOrEqual(last);
        expect(count).toBeLessThanOrEqual(everybody.length);
        last = count;
      }
    };
    const watching = callers.map(watch);
    await atOnce(shuffled([...everybody, ...everybody, ...everybody]), async (user) => {
      const known = await any().like("grown", user);
      expect(known.mine).toBe("like");
    });
    done = true;
    await Promise.all(watching);
    const sizes = (await stored.partitions("grown")).map(({ length }) => length);
    expect(sizes).toHaveLength(1 + PARTITIONS);
    expect(sizes).toContain(FIRST);
    await expectConsistent("grown", everybody);
  });

  test.each(["post:race", "photo:race", "article:race", "race"])(
    "likes and unlikes of the same users leave nobody twice, and no count off: %s",
    async (subject) => {
      const gifts: object[] = {
        post: [{}, { reaction: "love" }, { reaction: "wow" }],
        photo: [{}, { reaction: "love" }, { reaction: "wow" }],
        article: [{}, { claps: 3 }, { claps: 9 }],
        race: [{}],
      }[subject.split(":")[0] ?? ""] ?? [{}];
      const calls = people(60).flatMap((user) => Array.from({ length: 12 }, () => user));
      await atOnce(shuffled(calls), async (user) => {
        if (Math.random() < 0.35) await any().unlike(subject, user);
        else await any().like(subject, user, gifts[Math.floor(Math.random() * gifts.length)]);
      });
      await expectConsistent(subject);
      const members = (await stored.partitions(subject)).flat();
      for (const user of people(60)) {
        const likes = members.includes(user);
        expect((await any().read(subject, user)).mine !== null, user).toBe(likes);
        expect(subjectsOf(await any().liked(user)).includes(subject), `the list of ${user}`).toBe(likes);
      }
      await atOnce(people(60), (user) => any().unlike(subject, user));
      await expectConsistent(subject, []);
      expect((await any().read(subject)).count).toBe(0);
    },
  );

  test("who was there before stays where they are, and is taken back from there", async () => {
    for (const user of people(FIRST)) await callers[0]?.like("early", user);
    await callers[1]?.like("early", "late");
    expect((await stored.partitions("early")).map(({ length }) => length).sort((a, b) => a - b)).toEqual([
      1,
      FIRST,
    ]);
    // This one has not learnt of it yet.
    expect(await callers[2]?.like("early", "user-3")).toMatchObject({ count: FIRST + 1, mine: "like" });
    expect(await callers[2]?.unlike("early", "user-3")).toMatchObject({ count: FIRST, mine: null });
    expect(await callers[2]?.unlike("early", "late")).toMatchObject({ count: FIRST - 1, mine: null });
    // It was full once, and stays closed.
    expect(await callers[0]?.like("early", "user-3")).toMatchObject({ count: FIRST, mine: "like" });
    expect((await stored.partitions("early")).map(({ length }) => length).sort((a, b) => a - b)).toEqual([
      1,
      FIRST - 1,
    ]);
    expect(usersOf(await any().users("early", { limit: "1" }))).toEqual(["user-3"]);
  });
});

describe("a subject that becomes approximate at a size", () => {
  test("is exact until then, and about right from then on, whoever says it again", async () => {
    const everybody = people(2000);
    for (const user of everybody.slice(0, 15)) await any().like("video:1", user);
    expect(await any().unlike("video:1", "user-0")).toMatchObject({ count: 14, mine: null });
    expect(await any().like("video:1", "user-0")).toMatchObject({ count: 15, mine: "like" });
    expect(usersOf(await any().users("video:1"))).toHaveLength(15);
    expect(await any().like("video:1", "user-0")).not.toHaveProperty("approximate");
    const promoted = await any().like("video:1", "user-15");
    expect(promoted).toEqual({ count: expect.any(Number), approximate: true, standardError: 0.0081 });
    await atOnce([...everybody, ...everybody], (user) => any().like("video:1", user), 20);
    const { count } = await any().read("video:1", "user-0");
    expect(Math.abs(count / everybody.length - 1)).toBeLessThan(5 * 0.0081);
    expect((await stored.partitions("video:1")).flat(), "nobody is kept by name").toEqual([]);
    expect(outcomeOf(await any().remove("video:1", "user-0"))).toBe("409 likes_approximate");
    expect(outcomeOf(await any().users("video:1"))).toBe("409 likes_approximate");
    expect(subjectsOf(await any().liked("user-0"))).not.toContain("video:1");
  });

  test("lets its members go a few at a time, and counts nobody twice meanwhile", async () => {
    const LARGE = 2600;
    const wide = composeLikes(inject("redisUrl"), {
      environment: {
        REDIS_DEADLINE_MS: "8000",
        LIKES_KINDS: JSON.stringify({ video: { promoteAt: LARGE } }),
      },
    });
    const { like, put, read, remove } = createCaller(wide.api);
    const everybody = people(LARGE);
    await atOnce(everybody, (user) => put("video:2", user), 20);
    const own = createStored(wide.tenant);
    const sizes: number[] = [];
    for (let call = 0; call < 8; call++) {
      const { count } = await like("video:2", `new-${call}`);
      expect(Math.abs(count / (LARGE + call + 1) - 1)).toBeLessThan(5 * 0.0081);
      const members = (await own.partitions("video:2")).flat();
      sizes.push(members.length);
      const someone = members[0] ?? "nobody";
      expect(outcomeOf(await remove("video:2", someone)), "not even one who is still there").toBe(
        "409 likes_approximate",
      );
      expect((await like("video:2", someone)).count).toBeGreaterThanOrEqual(count - 50);
      expect((await read("video:2", someone)).mine).toBeUndefined();
    }
    expect(sizes.slice(0, 4)).toEqual([2100, 1100, 100, 0]);
    own.redis.disconnect();
    await wide.connection.close();
  });
});
