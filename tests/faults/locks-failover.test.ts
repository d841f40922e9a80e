import { setTimeout as sleep } from "node:timers/promises";
import calculateSlot from "cluster-key-slot";
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type ClusterNode, type RunningCluster, startCluster } from "../../dev/redis/start-cluster.ts";
import { composeLocks, until } from "../composition.ts";
import { createCaller } from "../locks/caller.ts";
import { checkLockHistory } from "../properties/locks-history.ts";
import { createHasty, type Plan, plan, runPlan } from "../properties/locks-runs.ts";
import { waiting } from "./locks-proxied.ts";

const SLOTS_OF_THE_FIRST = 5461;
const HISTORIES = 10;

/** A group whose locks the first primary and its replicas have. */
const group = Array.from({ length: 100 }, (_, number) => `group-${number}`).find(
  (name) => calculateSlot(`{${name}}`) < SLOTS_OF_THE_FIRST,
) as string;

let cluster: RunningCluster;
/** Of the first primary, it included. */
let shard: readonly { readonly node: ClusterNode; readonly client: Redis }[];
beforeAll(async () => {
  cluster = await startCluster({ nodes: 3, replicas: 2, config: ["cluster-node-timeout 1000"] });
  const [first] = cluster.nodes;
  shard = cluster.nodes
    .filter((node) => node === first || node.primaryPort === first?.port)
    .map((node) => ({
      node,
      client: new Redis(node.url, { retryStrategy: () => null }).on("error", () => {}),
    }));
});
afterAll(async () => {
  for (const { client } of shard ?? []) client.disconnect();
  await cluster?.stop();
});

function start(environment: Record<string, string> = {}) {
  const [first, ...others] = cluster.nodes.map(({ host, port }) => `${host}:${port}`);
  const sandbox = composeLocks(`redis://${first}`, {
    environment: {
      REDIS_MODE: "cluster",
      REDIS_NODES: others.join(","),
      REDIS_DEADLINE_MS: "8000",
      LOCKS_HEARTBEAT_SECONDS: "60",
      ...environment,
    },
  });
  onTestFinished(() => sandbox.connection.close());
  return sandbox;
}

/** Who is the primary of the shard now, and who follows it. */
async function roles() {
  const asked = shard.map(async (each) => {
    const [role] = await each.client.role().catch(() => [undefined]); // it is dead
    return { ...each, role };
  });
  const known = await Promise.all(asked);
  return {
    primary: known.find(({ role }) => role === "master"),
    replicas: known.filter(({ role }) => role === "slave"),
  };
}

/** Those who wait inside the primary, blocked. */
async function blocked(): Promise<number> {
  const { primary } = await roles();
  const info = (await primary?.client.info("clients")) ?? "";
  return Number(/^blocked_clients:(\d+)/m.exec(info)?.[1] ?? 0);
}

/** Each of the callers does what those of many plans do: it is long at it. */
function longPlan(callers: number): Plan {
  const steps = () => fc.sample(plan, 4).flatMap((each) => each.callers.flat());
  return { permits: 1, callers: Array.from({ length: callers }, steps) };
}

test("with REDIS_MIN_REPLICAS_ACK=1 no fencing token is given twice, and none is smaller than one before", async () => {
  const sandboxes = [1, 2, 3].map(() => createHasty(start({ REDIS_MIN_REPLICAS_ACK: "1" }).connection));
  const histories = Array.from({ length: HISTORIES }, () => runPlan(longPlan(4), sandboxes, group));
  await sleep(1000);

  const { primary, replicas } = await roles();
  for (const { node } of replicas) node.kill("SIGSTOP");
  await primary?.client.call("CLIENT", "KILL", "TYPE", "replica"); // nothing is left on its way to them
  await sleep(500);
  const diedAt = Date.now();
  primary?.node.kill("SIGKILL");
  for (const { node } of replicas) node.kill("SIGCONT");

  const runs = await Promise.all(histories);
  for (const { events, promised } of runs) checkLockHistory(events, { ...promised, lossy: true });
  const spanning = runs.filter(({ events }) => {
    const grants = events.filter((event) => event.do === "acquire" && event.outcome === "granted");
    return grants.some(({ end }) => end < diedAt) && grants.some(({ start }) => start > diedAt);
  });
  expect(spanning.length, "histories on both sides of the failover").toBeGreaterThan(HISTORIES / 2);
});

const FAILOVERS: Readonly<Record<string, () => Promise<unknown>>> = {
  "hands over to a replica": async () => (await roles()).replicas[0]?.client.cluster("FAILOVER"),
  dies: async () => (await roles()).primary?.node.kill("SIGKILL"),
};

test.each(Object.entries(FAILOVERS))(
  "who waits while the primary of the lock %s is woken by its replica",
  async (_, failOver) => {
    const [one, other] = [start(), start()];
    const [holder, waiter] = [createCaller(one.api), createCaller(other.apiOf(one.tenant))];
    const before = (await roles()).primary?.node.port;
    const first = await holder.take(group, { ttlSeconds: 3600 });
    let answer = waiter.acquire(group, { waitSeconds: 20 });
    await waiting(holder, group, 1);
    await until(blocked, (count) => count === 1);
    await failOver();
    await until(
      async () => (await roles()).primary?.node.port,
      (port) => port !== undefined && port !== before,
      20_000,
    );
    let { token } = first;
    const delays: number[] = [];
    for (let round = 1; round <= 5; round++) {
      await waiting(holder, group, 1);
      await until(blocked, (count) => count === 1); // it has just begun, and would look in two seconds
      const releasedAt = performance.now();
      expect((await holder.release(group, token)).status).toBe(204);
      const { json } = await answer;
      delays.push(performance.now() - releasedAt);
      expect(json.fencingToken).toBe(first.fencingToken + round);
      token = json.token;
      answer = waiter.acquire(group, { waitSeconds: 20 });
    }
    await holder.release(group, token);
    expect((await answer).status).toBe(201);
    delays.sort((a, b) => a - b);
    expect(delays[2], delays.map(Math.round).join(" ")).toBeLessThan(200);
  },
);
