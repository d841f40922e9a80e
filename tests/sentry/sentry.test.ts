import { Redis } from "ioredis";
import { afterEach, describe, expect, test, vi } from "vitest";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { type RedisOptions, type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { lambdaContext } from "../api.ts";
import { stubAws } from "../aws/aws-endpoint.ts";
import { read } from "../drift/files.ts";
import { captureOutput } from "../http/captured.ts";
import { environmentFor } from "../provided-redis.ts";
import { startReplicatedPair } from "../redis/replicated-pair.ts";
import { elasticache, snapshotsAsked } from "./snapshot-answers.ts";

const FUNCTION = "redigate-prod-sentry";
const cleaners: (() => unknown)[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  for (const clean of cleaners.splice(0).reverse()) await clean();
});

async function started(options: RedisOptions = {}): Promise<{ server: RunningRedis; admin: Redis }> {
  const server = await startRedis(options);
  const admin = new Redis(server.url);
  cleaners.push(
    () => server.stop(),
    () => admin.disconnect(),
  );
  return { server, admin };
}

/** The function as Lambda starts it. */
async function newSentry(
  redisUrl: string,
  environment: Record<string, string> = {},
  functionName = FUNCTION,
) {
  const complete = {
    ...environmentFor(redisUrl),
    POWERTOOLS_METRICS_DISABLED: "false",
    POWERTOOLS_LOG_LEVEL: "INFO",
    ...environment,
  };
  for (const [name, value] of Object.entries(complete)) vi.stubEnv(name, value);
  vi.resetModules();
  const { handler } = await import("../../functions/sentry/worker.ts");
  return () => handler({}, { ...lambdaContext(30_000), functionName });
}

/** The reads of a run itself. */
const OF_ITS_LOCK = 50;

/** The same; each call gives the metrics and the log of its run. */
async function deployed(redisUrl: string, environment: Record<string, string> = {}) {
  const output = captureOutput();
  const run = await newSentry(redisUrl, environment);
  return async () => {
    output.lines();
    const answer = await run();
    const lines = output.lines().flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
    const metrics = lines.filter((line) => line._aws);
    expect(metrics).toHaveLength(answer ? 1 : 0);
    return { answer, metrics: metrics[0], log: lines.filter((line) => !line._aws) };
  };
}

describe("the sentry measures", () => {
  test("memory, connections and operations, by its own name, which tells the stage", async () => {
    const { server } = await started({ config: ["maxmemory 100mb", "maxclients 100"] });
    const run = await deployed(server.url);
    const { metrics, log } = await run();
    expect(metrics).toMatchObject({
      service: "redigate",
      function: FUNCTION,
      MemoryUsed: expect.any(Number),
      MemoryShort: 0,
      ConnectionsShort: 0,
      OperationsPerSecond: expect.any(Number),
      RedisRoundTrip: expect.any(Number),
      NodesUnreachable: 0,
      Failures: 0,
      SnapshotFailures: 0,
    });
    expect(metrics.MemoryShare).toBeCloseTo(metrics.MemoryUsed / 1_048_576, 5);
    expect(metrics.ConnectionsShare).toBe(metrics.Connections);
    const [{ Namespace, Dimensions, Metrics }] = metrics._aws.CloudWatchMetrics;
    expect({ Namespace, Dimensions }).toEqual({
      Namespace: "redigate",
      Dimensions: [["service", "function"]],
    });
    expect(Metrics).toContainEqual({ Name: "MemoryUsed", Unit: "Bytes" });
    expect(Metrics).toContainEqual({ Name: "MemoryShare", Unit: "Percent" });
    for (const { Name } of Metrics) expect(metrics[Name], Name).toEqual(expect.any(Number));
    expect(log.filter(({ level }) => level !== "INFO")).toEqual([]);
  });

  test("what was found, missed and evicted since the run before, and none of it twice", async () => {
    const config = ["maxmemory 8mb", "maxmemory-policy allkeys-random"];
    const { server, admin } = await started({ config });
    const run = await deployed(server.url);
    expect((await run()).metrics).not.toHaveProperty("KeyspaceMisses");
    await admin.set("a", "1");
    for (let round = 0; round < 10; round++) {
      await admin.mget(Array.from({ length: 100 }, () => "a"));
      await admin.mget(Array.from({ length: 50 }, () => "none"));
    }
    const { metrics } = await run();
    expect(metrics).toMatchObject({ Evictions: 0, RoleChanges: 0 });
    expect(metrics.KeyspaceHits - 1000).toBeLessThan(OF_ITS_LOCK);
    expect(metrics.KeyspaceMisses - 500).toBeLessThan(OF_ITS_LOCK);
    expect(Math.min(metrics.KeyspaceHits - 1000, metrics.KeyspaceMisses - 500)).toBeGreaterThanOrEqual(0);
    for (let index = 0; index < 100; index++) await admin.set(`filler-${index}`, "x".repeat(100_000));
    expect((await run()).metrics.Evictions).toBeGreaterThan(0);
    const next = (await run()).metrics;
    expect(next.Evictions, "its own lock takes some room").toBeLessThan(5);
    expect(next.KeyspaceHits + next.KeyspaceMisses).toBeLessThan(OF_ITS_LOCK);
  });

  test("the longest round trip of several", async () => {
    const { server, admin } = await started();
    await stubAws(elasticache({ retentionDays: 7 }));
    const run = await deployed(server.url, { ELASTICACHE_ID: "orders" });
    await admin.call("CLIENT", "PAUSE", "400", "WRITE"); // the claim waits, and what is noted afterwards does not
    expect((await run()).metrics.RedisRoundTrip).toBeGreaterThan(300);
  });

  test("how far the replica is behind", async () => {
    const pair = await startReplicatedPair();
    cleaners.push(() => pair.stop());
    const run = await deployed(pair.primary.server.url);
    // Replicas say once a second how far they are.
    await vi.waitUntil(async () => (await run()).metrics.ReplicationLag < 1000, { timeout: 10_000 });
    pair.replica.server.kill("SIGSTOP");
    cleaners.push(() => pair.replica.server.kill("SIGCONT"));
    await pair.primary.admin.set("much", "x".repeat(500_000));
    expect((await run()).metrics.ReplicationLag).toBeGreaterThan(500_000);
  });

  test("another primary, once", async () => {
    const pair = await startReplicatedPair();
    cleaners.push(() => pair.stop());
    const run = await deployed(pair.primary.server.url);
    expect((await run()).metrics).not.toHaveProperty("RoleChanges");
    expect((await run()).metrics.RoleChanges).toBe(0);
    const { admin } = pair.primary;
    await pair.replica.admin.replicaof("NO", "ONE");
    await admin.replicaof("127.0.0.1", pair.replica.server.port);
    await admin.replicaof("NO", "ONE");
    const { metrics, log } = await run();
    expect(metrics.RoleChanges).toBe(1);
    expect(log).toContainEqual(expect.objectContaining({ level: "WARN", roleChanges: 1 }));
    expect((await run()).metrics.RoleChanges).toBe(0);
  });

  test("a cluster as a whole, and the fullest of its nodes", async () => {
    const cluster = await startCluster({ nodes: 3, replicas: 0 });
    cleaners.push(() => cluster.stop());
    const admins = cluster.nodes.map(({ url }) => new Redis(url));
    cleaners.push(() => {
      for (const admin of admins) admin.disconnect();
    });
    await Promise.all(admins.map((admin, node) => admin.config("SET", "maxmemory", `${(node + 1) * 100}mb`)));
    const run = await deployed(cluster.nodes[0]?.url ?? "", { REDIS_MODE: "cluster" });
    const { metrics } = await run();
    expect(metrics).toMatchObject({ NodesUnreachable: 0, Failures: 0 });
    expect(metrics.MemoryUsed).toBeGreaterThan(2_000_000);
    expect(metrics.MemoryShare).toBeLessThan((metrics.MemoryUsed / 1_048_576) * 0.6);
    expect(metrics.Connections).toBeGreaterThanOrEqual(6);
  });
});

describe("the sentry warns", () => {
  test("of memory that runs out, also when Redis is full and writes nothing any more", async () => {
    const { server, admin } = await started({ config: ["maxmemory 4mb", "maxmemory-policy noeviction"] });
    const run = await deployed(server.url);
    expect((await run()).metrics.MemoryShort).toBe(0);
    for (let index = 0, full = false; !full; index++)
      await admin.set(`filler-${index}`, "x".repeat(50_000)).catch(() => {
        full = true;
      });
    const { metrics, log } = await run();
    expect(metrics).toMatchObject({ MemoryShort: 1, Failures: 0 });
    expect(metrics.MemoryShare).toBeGreaterThan(90);
    expect(log).toContainEqual(
      expect.objectContaining({ level: "WARN", alert: "MemoryShort", percent: metrics.MemoryShare }),
    );
  });

  test("of connections that run out", async () => {
    const { server } = await started({ config: ["maxclients 20"] });
    const run = await deployed(server.url);
    expect((await run()).metrics.ConnectionsShort).toBe(0);
    const many = Array.from({ length: 16 }, () => new Redis(server.url));
    await Promise.all(many.map((client) => client.ping()));
    const { metrics, log } = await run();
    for (const client of many) client.disconnect();
    expect(metrics.ConnectionsShort).toBe(1);
    expect(log).toContainEqual(expect.objectContaining({ alert: "ConnectionsShort" }));
  });
});

describe("the sentry answers", () => {
  test("when Redis is away: with a failure in metrics and log, in time, and again when it is back", async () => {
    const { server } = await started();
    const run = await deployed(server.url, { REDIS_DEADLINE_MS: "300" });
    expect((await run()).metrics.Failures).toBe(0);
    server.kill("SIGSTOP");
    const startedAt = performance.now();
    const { metrics, log } = await run();
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(metrics).toMatchObject({ Failures: 1 });
    expect(metrics).not.toHaveProperty("MemoryUsed");
    expect(log).toContainEqual(expect.objectContaining({ level: "ERROR", part: "look" }));
    server.kill("SIGCONT");
    // It may have been granted a lock meanwhile, of which it has not heard.
    await vi.waitUntil(async () => (await run()).metrics?.Failures === 0, { timeout: 20_000, interval: 500 });
  }, 30_000);

  test("when Redis is not there from the beginning, every minute, and says of no round trip how long it took", async () => {
    const run = await deployed("redis://127.0.0.1:1", { REDIS_DEADLINE_MS: "300" });
    for (let minute = 0; minute < 3; minute++) {
      const { metrics } = await run();
      expect(metrics).toMatchObject({ Failures: 1, SnapshotFailures: 0 });
      expect(metrics).not.toHaveProperty("RedisRoundTrip");
    }
  });

  test("when Redis refuses to tell anything: that it is blind", async () => {
    const { server } = await started({ config: ["user default on nopass ~* +@all -info"] });
    const { metrics, log } = await (await deployed(server.url))();
    expect(metrics).toMatchObject({ Failures: 1, SnapshotFailures: 0 });
    for (const name of ["MemoryUsed", "MemoryShort", "ConnectionsShort", "ReplicationLag"])
      expect(metrics).not.toHaveProperty(name);
    const reason = expect.stringContaining("may the user call INFO?");
    expect(log).toContainEqual(expect.objectContaining({ level: "ERROR", part: "look", reason }));
  });

  test("when Redis has no limit, or refuses a part: with what is left", async () => {
    const { server } = await started({ config: ["user default on nopass ~* +@all -config"] });
    const { metrics } = await (await deployed(server.url))();
    expect(metrics).toMatchObject({ Failures: 0, MemoryUsed: expect.any(Number), ConnectionsShort: 0 });
    for (const name of ["MemoryShare", "MemoryShort"]) expect(metrics).not.toHaveProperty(name);
  });

  test("when a cache is full, as it is meant to be: without a warning", async () => {
    const config = ["maxmemory 4mb", "maxmemory-policy allkeys-random"];
    const { server, admin } = await started({ config });
    for (let index = 0; index < 100; index++) await admin.set(`filler-${index}`, "x".repeat(50_000));
    const limits = { SENTRY_WARN_PERCENT: "0", SENTRY_FORECAST_MINUTES: "0" };
    const { metrics, log } = await (await deployed(server.url, limits))();
    expect(metrics.MemoryShare).toBeGreaterThan(90);
    expect(metrics).toMatchObject({ MemoryShort: 0, ConnectionsShort: 0 });
    expect(log.filter(({ level }) => level === "WARN")).toEqual([]);
  });

  test("as the user that the stack gives it, who may do no more than `ops` does", async () => {
    const { ops } = JSON.parse(read("infra/redis-users.json"));
    const { server } = await started({ config: [`user ops on >secret ${ops}`] });
    const calls = await stubAws(elasticache());
    const run = await deployed(server.url.replace("://", "://ops:secret@"), { ELASTICACHE_ID: "orders" });
    const startedAt = performance.now();
    const { metrics, log } = await run();
    expect(metrics).toMatchObject({ Failures: 0, SnapshotFailures: 0, SnapshotsTaken: 1 });
    for (const name of ["MemoryUsed", "ConnectionsShare", "OperationsPerSecond"])
      expect(metrics[name], name).toEqual(expect.any(Number));
    expect(log.filter(({ level }) => level !== "INFO")).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(900); // what is refused is tried until the deadline
    expect(snapshotsAsked(calls)).toHaveLength(1);
  });

  test("and takes the snapshot of the day, once, where two are started at the same time", async () => {
    const { server } = await started();
    const calls = await stubAws(elasticache());
    const environment = { ELASTICACHE_ID: "orders" };
    captureOutput();
    const sentries = [await newSentry(server.url, environment), await newSentry(server.url, environment)];
    const answers = await Promise.all(sentries.map((run) => run()));
    const done = answers.filter((answer) => answer !== undefined);
    expect(done.filter((answer) => "SnapshotsTaken" in answer)).toHaveLength(1);
    for (const answer of done) expect(answer).toMatchObject({ Failures: 0, SnapshotFailures: 0 });
    expect(snapshotsAsked(calls)).toEqual([`orders-${new Date().toISOString().slice(0, 10)}`]);
  });

  test("when ElastiCache does not: what Redis says is measured all the same", async () => {
    const { server } = await started();
    await stubAws(() => "nothing");
    const run = await deployed(server.url, { ELASTICACHE_ID: "orders" });
    const startedAt = performance.now();
    const { metrics, log } = await run();
    expect(performance.now() - startedAt).toBeLessThan(6000);
    expect(metrics).toMatchObject({ Failures: 0, SnapshotFailures: 1, MemoryUsed: expect.any(Number) });
    expect(log).toContainEqual(expect.objectContaining({ level: "ERROR", part: "snapshot" }));
    expect((await run()).metrics.SnapshotFailures).toBe(0);
  });
});

describe("of two that run at the same time", () => {
  /** ElastiCache lets a run wait for half a second. */
  const slowly = async () => {
    const answers = elasticache({ retentionDays: 7 });
    await stubAws(async (call) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return answers(call);
    });
  };

  test("one does the work, and the next minute's run does it again", async () => {
    const { server } = await started();
    await slowly();
    const environment = { ELASTICACHE_ID: "orders" };
    const sentries = [await newSentry(server.url, environment), await newSentry(server.url, environment)];
    const seen = await Promise.all(sentries.map((run) => run()));
    expect(seen.filter(Boolean)).toHaveLength(1);
    expect(await sentries[0]?.()).toMatchObject({ Failures: 0 });
    expect(await sentries[1]?.()).toMatchObject({ Failures: 0 });
  });

  test("those of two stages do not hinder each other", async () => {
    const { server } = await started();
    await slowly();
    const environment = { ELASTICACHE_ID: "orders" };
    const runs = [
      await newSentry(server.url, environment),
      await newSentry(server.url, environment, "redigate-dev-sentry"),
    ];
    expect((await Promise.all(runs.map((run) => run()))).filter(Boolean)).toHaveLength(2);
  });
});
