import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { likesContract } from "../../lib/likes/contract.ts";
import { type Answer, outcomeOf } from "../api.ts";
import { type CompositionOptions, composeLikes, until } from "../composition.ts";
import { createCaller, type Known, subjectsOf } from "../likes/caller.ts";
import { describeLostReplies, newKey, type Operation, sendTwice, startCallers } from "./lost-replies.ts";

/** The second user of a subject is in another partition. */
const environment = {
  LIKES_KINDS: JSON.stringify({
    post: { reactions: ["like", "love", "wow"] },
    photo: { reactions: ["like", "love", "wow"], several: true },
    article: { claps: 50 },
    video: { promoteAt: 1 },
    view: { approximate: true },
  }),
  LIKES_PARTITION_MEMBERS: "1",
  LIKES_PARTITIONS: "2",
};
const compose = (redisUrl: string, options: CompositionOptions = {}) =>
  composeLikes(redisUrl, { ...options, environment });

const { line, caller, other } = await startCallers(compose, createCaller);

const love = { reaction: "love" };
const wow = { reaction: "wow" };
/** All that can be known of it. */
const look = (prefix: string, user: string) => async (key: string) => {
  const [subject, who] = [prefix + key, user + key];
  const { users = [] } = (await other.users(subject)).json;
  const trends = (await other.trending({ limit: "100" })).json.subjects.filter(
    (trend: { subject: string }) => trend.subject === subject,
  );
  return [
    (await other.get(subject, who)).text,
    users.map(({ user, reaction, claps }: Record<string, unknown>) => [user, reaction, claps]),
    subjectsOf(await other.liked(who)),
    trends,
  ];
};

const operations: Record<string, Operation> = {
  "a like": {
    of: "like",
    run: (key) => caller.put(`page-${key}`, `ann-${key}`),
    state: look("page-", "ann-"),
  },
  "a like that changes nothing": {
    of: "like",
    prepare: (key) => other.like(key, key),
    run: (key) => caller.put(key, key),
    state: look("", ""),
  },
  "another reaction": {
    of: "like",
    prepare: (key) => other.like(`post:${key}`, key, love),
    run: (key) => caller.put(`post:${key}`, key, wow),
    state: look("post:", ""),
  },
  "one more reaction": {
    of: "like",
    prepare: (key) => other.like(`photo:${key}`, key, love),
    run: (key) => caller.put(`photo:${key}`, key, wow),
    state: look("photo:", ""),
  },
  claps: {
    of: "like",
    prepare: (key) => other.like(`article:${key}`, key, { claps: 3 }),
    run: (key) => caller.put(`article:${key}`, key, { claps: 7 }),
    state: look("article:", ""),
  },
  "a like that goes to another partition": {
    of: "like",
    prepare: (key) => other.like(key, "first"),
    run: (key) => caller.put(key, key),
    state: look("", ""),
  },
  "a like that is only counted": {
    of: "like",
    run: (key) => caller.put(`view:${key}`, key),
    state: look("view:", ""),
  },
  "a like from which on they are only counted": {
    of: "like",
    prepare: (key) => other.like(`video:${key}`, "first"),
    run: (key) => caller.put(`video:${key}`, key),
    state: look("video:", ""),
  },
  "a like taken back": {
    of: "unlike",
    prepare: (key) => other.like(key, key),
    run: (key) => caller.remove(key, key),
    state: look("", ""),
  },
  "a like taken back from another partition": {
    of: "unlike",
    prepare: async (key) => [await other.like(key, "first"), await other.like(key, key)],
    run: (key) => caller.remove(key, key),
    state: look("", ""),
  },
  "one reaction of several taken back": {
    of: "unlike",
    prepare: async (key) => [
      await other.like(`photo:${key}`, key, love),
      await other.like(`photo:${key}`, key, wow),
    ],
    run: (key) => caller.remove(`photo:${key}`, key, love),
    state: look("photo:", ""),
  },
};

/** Ids of requests, and times. */
const changing = /urn:uuid:[\w-]+|\d{4}-\d\d-\d\dT[\d:.]+Z/g;
describeLostReplies(likesContract, operations, () => line, changing);

/** Waits until a call that nobody has heard of has run. */
const untilKnown = (subject: string, user: string, satisfies: (known: Known) => boolean) =>
  until(() => other.read(subject, user), satisfies);

describe.each([
  ["in the first partition", 0],
  ["in another", 1],
])("what is sent again after its user did something else, %s,", (_, before) => {
  const prepare = async (prefix: string) => {
    const subject = prefix + newKey();
    for (let number = 0; number < before; number++) await other.like(subject, `first-${number}`);
    await caller.read(subject); // every script is known to the server
    return subject;
  };

  /** Where the first partition sends the user to another, it is the reply of that one that is lost. */
  const loseLast = async (run: () => Promise<Answer>, interfere: () => Promise<unknown>): Promise<Answer> => {
    if (before === 0) return sendTwice(line, run, interfere);
    const { proxy, sandbox } = line;
    await sandbox.connection.ping();
    const start = proxy.roundTrips();
    const running = run();
    while (proxy.roundTrips() === start) await setImmediate();
    proxy.faults.swallowReplies = true;
    await interfere();
    proxy.faults.swallowReplies = false;
    return running;
  };

  test("does not bring back what was taken back", async () => {
    const subject = await prepare("");
    const answer = await loseLast(
      () => caller.put(subject, "ann"),
      async () => {
        await untilKnown(subject, "ann", ({ mine }) => mine === "like");
        await other.unlike(subject, "ann");
      },
    );
    expect(outcomeOf(answer)).toBe("503 redis_unavailable");
    expect(await other.read(subject, "ann")).toMatchObject({ count: before, mine: null });
    expect((await caller.like(subject, "ann")).count, "a new call is a new like").toBe(before + 1);
  });

  test("does not put back another reaction", async () => {
    const subject = await prepare("post:");
    await other.like(subject, "ann", love);
    const answer = await loseLast(
      () => caller.put(subject, "ann", wow),
      async () => {
        await untilKnown(subject, "ann", ({ mine }) => mine === "wow");
        await other.like(subject, "ann", love);
      },
    );
    expect(outcomeOf(answer)).toBe("503 redis_unavailable");
    expect((await other.read(subject, "ann")).mine).toBe("love");
  });

  test("does not take back a later like", async () => {
    const subject = await prepare("");
    await other.like(subject, "ann");
    const answer = await loseLast(
      () => caller.remove(subject, "ann"),
      async () => {
        await untilKnown(subject, "ann", ({ mine }) => mine === null);
        await other.like(subject, "ann");
      },
    );
    expect(outcomeOf(answer)).toBe("503 redis_unavailable");
    expect((await other.read(subject, "ann")).mine).toBe("like");
    expect(subjectsOf(await other.liked("ann"))).toContain(subject);
  });
});

test.each([
  ["that knows the partitions", true],
  ["that does not", false],
])(
  "a like taken back does not take back the one after it, which is in another partition, in a sandbox %s",
  async (_, knows) => {
    const subject = newKey();
    await caller.like(subject, "ann");
    await other.like(subject, "bob");
    if (knows) await caller.read(subject);
    const answer = await sendTwice(
      line,
      () => caller.remove(subject, "ann"),
      async () => {
        await untilKnown(subject, "ann", ({ mine }) => mine === null);
        await other.like(subject, "ann");
      },
    );
    expect(outcomeOf(answer)).toBe("503 redis_unavailable");
    expect(await other.read(subject, "ann")).toMatchObject({ count: 2, mine: "like" });
    expect(subjectsOf(await other.liked("ann"))).toContain(subject);
    expect((await caller.unlike(subject, "ann")).count, "a new call is heard").toBe(1);
  },
);

test.each([
  ["that has few", 0],
  ["of which only a count is known by then", 2],
])("a like of a subject %s does not come back either", async (_, others) => {
  const subject = `video:${newKey()}`;
  const answer = await sendTwice(
    line,
    () => caller.put(subject, "ann"),
    async () => {
      await untilKnown(subject, "ann", ({ mine }) => mine === "like");
      await other.unlike(subject, "ann");
      for (let number = 0; number < others; number++) await other.like(subject, `other-${number}`);
    },
  );
  expect(outcomeOf(answer)).toBe("503 redis_unavailable");
  expect((await other.read(subject)).count).toBe(others);
});
