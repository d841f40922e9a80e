import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { until } from "../composition.ts";
import { commandsOf, startReplicatedPair } from "../redis/replicated-pair.ts";
import { watchConnections } from "./connections-watch.ts";
import { type Feature, featureOf } from "./sandbox-features.ts";
import { buildSandboxes, type FunctionName, type SandboxProcess } from "./sandbox-process.ts";

const NAMES: readonly FunctionName[] = ["cache", "sessions", "tokens", "leaderboards", "likes", "locks"];
const SANDBOXES = 50;
/** Half of them writes. */
const REQUESTS = 1000;
const IN_FLIGHT = 8;
/** Nothing here is about time, and all those processes share a machine. */
const environment = { REDIS_DEADLINE_MS: "8000" };

let sandboxes: Awaited<ReturnType<typeof buildSandboxes>>;

beforeAll(async () => {
  sandboxes = await buildSandboxes();
});
afterAll(() => sandboxes?.remove());

interface Started {
  readonly sandbox: SandboxProcess;
  readonly feature: Feature;
}

async function start(name: FunctionName, further: Record<string, string>): Promise<Started> {
  const sandbox = await sandboxes.start([name], { ...environment, ...further });
  onTestFinished(sandbox.end);
  return { sandbox, feature: await featureOf(sandbox, name) };
}

/** Writes and reads, some at once. All are served. */
async function use({ feature }: Started, requests = REQUESTS): Promise<void> {
  let left = requests / 2;
  const caller = async () => {
    while (left-- > 0) {
      const id = `${left}`;
      const { status, text } = await feature.write(id);
      expect(status, text).toBeLessThan(300);
      expect(await feature.isThere(id)).toBe(true);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
}

test("a sandbox has one connection, whatever it is asked, and ends it with QUIT", async () => {
  const { url, stop } = await startRedis();
  onTestFinished(stop);
  const watch = await watchConnections(url);
  onTestFinished(watch.stop);
  const started: Started[] = [];
  while (started.length < SANDBOXES) {
    const few = NAMES.slice(0, SANDBOXES - started.length);
    started.push(...(await Promise.all(few.map((name) => start(name, { REDIS_URL: url })))));
  }
  await Promise.all(started.map((each) => use(each)));
  expect(await watch.made()).toBe(SANDBOXES);
  expect(await watch.open()).toBe(SANDBOXES);
  expect(watch.most()).toBe(SANDBOXES);
  await Promise.all(started.map(({ sandbox }) => sandbox.end()));
  await until(watch.open, (open) => open === 0);
  expect(await watch.made()).toBe(SANDBOXES);
  expect(await commandsOf(watch.admin)).toMatchObject({ quit: SANDBOXES });
});

test("a second one to the replica begins with the first read that may be old", async () => {
  const pair = await startReplicatedPair();
  onTestFinished(pair.stop);
  const primary = await watchConnections(pair.primary.server.url);
  const replica = await watchConnections(pair.replica.server.url);
  onTestFinished(() => [primary, replica].forEach((watch) => void watch.stop()));
  const further = { REDIS_URL: pair.primary.server.url, REDIS_REPLICA_URL: pair.replica.server.url };
  const started = [await start("cache", further), await start("leaderboards", further)];
  await Promise.all(started.map((each) => use(each, 100)));
  expect([await primary.made(), await replica.made()]).toEqual([2, 0]);
  const reads = ["/v1/cache/entries/1", "/v1/leaderboards/board/ranks"];
  for (const [index, path] of reads.entries()) {
    const read = () => started[index]?.feature.api("GET", path, { query: { consistency: "eventual" } });
    const answers = await Promise.all(Array.from({ length: 50 }, read));
    expect(new Set(answers.map((answer) => answer?.status))).toEqual(new Set([200]));
    expect([await primary.made(), await replica.made()]).toEqual([2, index + 1]);
  }
});

test("a second one for calls that wait begins with the first that has to, and ends with the other", async () => {
  const { url, stop } = await startRedis();
  onTestFinished(stop);
  const watch = await watchConnections(url);
  onTestFinished(watch.stop);
  const { sandbox, feature } = await start("locks", { REDIS_URL: url });
  const take = (waitSeconds: number) =>
    feature.api("POST", "/v1/locks/one", { body: { ttlSeconds: 60, waitSeconds } });
  const { json } = await take(20);
  expect((await take(0)).status).toBe(409);
  expect(await watch.made()).toBe(1);
  for (let round = 0; round < 3; round++)
    expect((await Promise.all([take(1), take(1), take(1)])).map(({ status }) => status)).toEqual([
      409, 409, 409,
    ]);
  await feature.api("DELETE", "/v1/locks/one", { headers: { "lock-token": json.token } });
  expect([await watch.made(), watch.most()]).toEqual([2, 2]);
  await sandbox.end();
  await until(watch.open, (open) => open === 0);
});

test("on a cluster it has at most one to each node", async () => {
  const { nodes, stop } = await startCluster({ nodes: 3 });
  onTestFinished(stop);
  const watches = await Promise.all(nodes.map(({ url }) => watchConnections(url)));
  onTestFinished(() => watches.forEach((watch) => void watch.stop()));
  const further = { REDIS_URL: nodes[0]?.url ?? "", REDIS_MODE: "cluster" };
  const started = await Promise.all(NAMES.map((name) => start(name, further)));
  await Promise.all(started.map((each) => use(each, 200)));
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  const open = await Promise.all(watches.map((watch) => watch.open()));
  for (const count of open) expect(count).toBeLessThanOrEqual(started.length);
  expect(total(open)).toBeGreaterThan(started.length);
  // Each has asked once where the slots are, over one that ended with the answer.
  const made = await Promise.all(watches.map((watch) => watch.made()));
  expect(total(made)).toBeLessThanOrEqual(total(open) + started.length);
  await Promise.all(started.map(({ sandbox }) => sandbox.end()));
  for (const watch of watches) await until(watch.open, (count) => count === 0);
});
