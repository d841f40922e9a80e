import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { type Answer, outcomeOf } from "../api.ts";
import { type Composition, composeLikes, until } from "../composition.ts";
import { createCaller, type LikesCaller } from "../likes/caller.ts";

const environment = {
  REDIS_DEADLINE_MS: "8000",
  LIKES_KINDS: JSON.stringify({ post: { reactions: ["like", "love"] }, video: { promoteAt: 1 } }),
  LIKES_PARTITION_MEMBERS: "1",
  LIKES_PARTITIONS: "2",
};

let server: Awaited<ReturnType<typeof startRedis>>;
let admin: Redis;
let sandbox: Composition<unknown>;
let caller: LikesCaller;
beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
  sandbox = composeLikes(server.url, { environment });
  caller = createCaller(sandbox.api);
});
afterAll(async () => {
  admin?.disconnect();
  await sandbox?.connection.close();
  await server?.stop();
});

const REFUSALS: Record<string, readonly [begin: () => Promise<unknown>, end: () => Promise<unknown>]> = {
  NOREPLICAS: [
    () => admin.config("SET", "min-replicas-to-write", "1"),
    () => admin.config("SET", "min-replicas-to-write", "0"),
  ],
  READONLY: [() => admin.replicaof("127.0.0.1", 1), () => admin.replicaof("NO", "ONE")],
};

/** What `call` answers whom Redis refuses at first. */
async function refuse(name: string, call: () => Promise<Answer>): Promise<Answer> {
  const [begin, end] = REFUSALS[name] ?? [];
  const times = async () =>
    Number(new RegExp(`errorstat_${name}:count=(\\d+)`).exec(await admin.info("errorstats"))?.[1] ?? 0);
  const before = await times();
  await begin?.();
  try {
    const running = call();
    await until(times, (now) => now > before);
    await end?.();
    return await running;
  } finally {
    await end?.();
  }
}

describe.each(Object.keys(REFUSALS))("what was refused (%s) was not done, and is served later:", (name) => {
  test.each([
    ["in the first partition", []],
    ["in another", ["first"]],
  ])("whatever its user did just before, %s", async (_, others) => {
    const subject = `post:${name}-${others.length}`;
    for (const user of others) await caller.like(subject, user);
    await caller.like(subject, "ann");
    await caller.unlike(subject, "ann");
    const outcomes = [
      await refuse(name, () => caller.put(subject, "ann")),
      await refuse(name, () => caller.put(subject, "ann", { reaction: "love" })),
      await refuse(name, () => caller.remove(subject, "ann")),
    ];
    expect(outcomes.map(outcomeOf)).toEqual(["200", "200", "200"]);
    expect(outcomes.map(({ json }) => json.mine)).toEqual(["like", "love", null]);
    expect(outcomes.map(({ json }) => json.count - others.length)).toEqual([1, 1, 0]);
  });

  test("of a subject that may once be only counted", async () => {
    const subject = `video:${name}`;
    await caller.like(subject, "ann");
    await caller.unlike(subject, "ann");
    expect((await refuse(name, () => caller.put(subject, "ann"))).json).toMatchObject({ count: 1 });
  });
});
