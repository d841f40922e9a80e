import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { outcomeOf } from "../api.ts";
import { type Composition, composeLikes, until } from "../composition.ts";
import { readPages } from "../cursors.ts";
import { createCaller, type LikesCaller, subjectsOf, usersOf } from "../likes/caller.ts";
import { keysOf } from "../provided-redis.ts";
import { type KilledServer, killUnderLoad, startKilledServer } from "./killed-server.ts";

const environment = {
  LIKES_KINDS: JSON.stringify({
    post: { reactions: ["like", "love"] },
    view: { approximate: true },
  }),
  LIKES_PARTITION_MEMBERS: "10",
  LIKES_PARTITIONS: "3",
};

describe("on a server that dies", () => {
  let server: KilledServer;
  let sandbox: Composition<unknown>;
  let caller: LikesCaller;
  beforeAll(async () => {
    server = await startKilledServer();
    sandbox = composeLikes(server.url, { environment });
    caller = createCaller(sandbox.api);
  });
  afterAll(async () => {
    await sandbox?.connection.close();
    await server?.stop();
  });

  test("scripts that it forgot are sent again, whatever is asked next", async () => {
    const admin = new Redis(server.url);
    for (let number = 0; number < 12; number++) await caller.like("post:flushed", `first-${number}`);
    const calls = [
      () => caller.put("post:flushed", "ann", { reaction: "love" }),
      () => caller.put("view:flushed", "ann"),
      () => caller.get("post:flushed", "ann"),
      () => caller.batchGet(["post:flushed", "page"], "ann"),
      () => caller.users("post:flushed"),
      () => caller.liked("ann"),
      () => caller.remove("post:flushed", "ann"),
      () => caller.trending(),
    ];
    for (const call of calls) {
      await admin.script("FLUSH");
      expect((await call()).status).toBe(200);
    }
    admin.disconnect();
  });

  test("kill -9 under load gives only 503 in time, and no like that was acknowledged is lost, or counted twice", async () => {
    const alive = new Set<string>();
    const unsure = new Set<string>();
    await killUnderLoad(server, async (userId, isServed, number) => {
      const user = `${userId}-${number}`;
      unsure.add(user);
      if (!(await isServed(caller.put("post:1", user)))) return;
      if (!(await isServed(caller.put("post:1", user, { reaction: "love" })))) return;
      if (number % 3 === 0 && !(await isServed(caller.remove("post:1", user)))) return;
      unsure.delete(user);
      if (number % 3) alive.add(user);
    });
    expect(alive.size).toBeGreaterThan(5);
    const listed = (await readPages((query) => caller.users("post:1", query), 100, usersOf)).flat();
    expect(new Set(listed).size).toBe(listed.length);
    const { count, reactions } = await caller.read("post:1");
    let counted = 0;
    let love = 0;
    for (const user of [...alive, ...unsure]) {
      const { mine } = await caller.read("post:1", user);
      if (alive.has(user)) expect(mine).toBe("love");
      if (mine !== null) counted++;
      if (mine === "love") love++;
      expect(subjectsOf(await caller.liked(user)).length).toBe(mine === null ? 0 : 1);
    }
    expect([listed.length, count, reactions]).toEqual([counted, counted, { like: counted - love, love }]);
  });
});

test("nobody is let into another partition before the replicas have it that the first is closed", async () => {
  const server = await startRedis(); // it has none
  onTestFinished(() => server.stop());
  const closing = { LIKES_PARTITION_MEMBERS: "1", LIKES_PARTITIONS: "1" };
  const tenants = await Promise.all(
    ["0", "1"].map(async (replicas) => {
      const sandbox = composeLikes(server.url, {
        environment: { ...closing, REDIS_MIN_REPLICAS_ACK: replicas },
      });
      onTestFinished(() => sandbox.connection.close());
      const { put } = createCaller(sandbox.api);
      const outcomes = [outcomeOf(await put("page", "ann")), outcomeOf(await put("page", "bob"))];
      return [sandbox.tenant, outcomes] as const;
    }),
  );
  const admin = new Redis(server.url);
  onTestFinished(() => admin.disconnect());
  const everywhere = await Promise.all(
    tenants.map(async ([tenant, outcomes]) => [
      outcomes,
      (await keysOf(admin, `${tenant}:*/members`)).length,
      (await keysOf(admin, `${tenant}:*/counts`)).length,
    ]),
  );
  expect(everywhere).toEqual([
    [["200", "200"], 2, 1],
    [["503 redis_unavailable", "503 redis_unavailable"], 1, 1],
  ]);
});

test("on a cluster of which a node hangs for a while, nothing is done by halves, and what is sent again is served", async () => {
  const { nodes, stop } = await startCluster({ nodes: 3 });
  onTestFinished(stop);
  const [first, ...others] = nodes.map(({ url }) => new Redis(url));
  onTestFinished(() => [first, ...others].forEach((admin) => void admin?.disconnect()));
  const sandbox = composeLikes(nodes[0]?.url ?? "", {
    environment: { ...environment, REDIS_MODE: "cluster" },
  });
  onTestFinished(() => sandbox.connection.close());
  const { put, like, liked, read, users } = createCaller(sandbox.api);
  const people = Array.from({ length: 40 }, (_, at) => `user-${at}`);
  for (const subject of ["post:a", "post:b"]) await like(subject, "warm");
  await others[0]?.call("CLIENT", "PAUSE", "2500", "ALL");
  const answers = await Promise.all(people.map((user) => put("post:a", user)));
  const failed = people.filter((_, at) => answers[at]?.status !== 200);
  expect(failed.length).toBeGreaterThan(0);
  // Each partition knows at one moment who is there, and their list does.
  for (const user of people) {
    const { mine } = await until(
      () => read("post:a", user).catch(() => undefined),
      (known) => known !== undefined,
    ).then((known) => known ?? { mine: null });
    expect(subjectsOf(await liked(user)), user).toEqual(mine === null ? [] : ["post:a"]);
  }
  for (const user of failed)
    await until(
      () => put("post:a", user),
      ({ status }) => status === 200,
    );
  expect(await read("post:a")).toMatchObject({ count: people.length + 1 });
  expect(usersOf(await users("post:a", { limit: "100" })).sort()).toEqual([...people, "warm"].sort());
  for (const user of people) expect(subjectsOf(await liked(user))).toEqual(["post:a"]);
});
