import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { type RedisOptions, type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { type CompositionOptions, until } from "../composition.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { endure, hide } from "./endure.ts";
import { closeAll, startWriters } from "./writers.ts";

/** A server, and somebody who may do everything there. */
async function start(options: RedisOptions = {}) {
  const server = await startRedis(options);
  onTestFinished(server.stop);
  return { server, admin: callAt(server.url) };
}

function callAt(url: string): Redis {
  const admin = new Redis(url, { enableReadyCheck: false }).on("error", () => {});
  onTestFinished(() => admin.disconnect());
  return admin;
}

async function startFeatures(url: string, environment: CompositionOptions["environment"] = {}) {
  const writers = await startWriters(url, { environment });
  onTestFinished(() => closeAll(writers));
  return writers;
}

const replyOf = (asked: Promise<unknown>) => asked.then(String, (error: Error) => error.message);

test("scripts that the server forgets again and again show to nobody", async () => {
  const { server, admin } = await start();
  const writers = await startFeatures(server.url, { REDIS_DEADLINE_MS: "4000" });
  await hide(writers, { begin: () => admin.script("FLUSH") }, 30);
});

test("a server that begins to ask for a password makes 503 until it asks no more", async () => {
  const { server, admin } = await start();
  const writers = await startFeatures(server.url, { REDIS_DEADLINE_MS: "500" });
  await endure(writers, {
    async begin() {
      await admin.config("SET", "requirepass", "secret");
      await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    },
    end: () => admin.config("SET", "requirepass", ""),
  });
});

test("a primary that is demoted makes 503 until its name leads to the new one, which has everything", async () => {
  const config = ["repl-diskless-sync-delay 0"];
  const [old, next] = [await start({ config }), await start({ config })];
  const proxy = await startTcpProxy(old.server.url);
  onTestFinished(proxy.close);
  const writers = await startFeatures(proxy.url, { REDIS_DEADLINE_MS: "500" });
  await next.admin.replicaof("127.0.0.1", old.server.port);
  await until(
    () => next.admin.info("replication"),
    (info) => info.includes("master_link_status:up"),
  );
  await endure(writers, {
    async begin() {
      await old.admin.call("FAILOVER");
      await until(
        () => old.admin.info("replication"),
        (info) => info.includes("role:slave"),
      );
    },
    end: () => proxy.leadTo(next.server.url),
  });
  expect(await next.admin.dbsize()).toBeGreaterThan(0);
  expect(await next.admin.info("replication")).toContain("role:master");
});

test("a server that starts again makes 503 while it loads, and then has everything", async () => {
  const dir = await mkdtemp(join(tmpdir(), "redigate-loading-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const { server, admin } = await start({ dir });
  let starting: Promise<RunningRedis> | undefined;
  const writers = await startFeatures(server.url, { REDIS_DEADLINE_MS: "500" });
  await endure(writers, {
    async begin() {
      const eachUs = Math.ceil(3_000_000 / (await admin.dbsize()));
      await admin.config("SET", "save", "3600 1");
      await server.stop();
      const config = [`key-load-delay ${eachUs}`, "loading-process-events-interval-bytes 1024"];
      starting = startRedis({ dir, port: server.port, config });
      await until(
        () => replyOf(admin.get("x")),
        (reply) => reply.startsWith("LOADING"),
      );
      const reads = Object.values(writers).map(({ read }) => read("c0-0"));
      expect((await Promise.all(reads)).map(({ status }) => status)).toEqual(reads.map(() => 503));
    },
    end: async () => onTestFinished((await starting)?.stop as () => Promise<void>),
  });
});

test("a cluster that lost a node makes 503, and serves again when it is back", async () => {
  const { nodes, stop } = await startCluster({ nodes: 3, config: ["cluster-node-timeout 1000"] });
  onTestFinished(stop);
  const [first, , last] = nodes as [(typeof nodes)[0], unknown, (typeof nodes)[0]];
  const admin = callAt(first.url);
  const clusterIs = (state: string) =>
    until(
      () => admin.cluster("INFO"),
      (info) => info.includes(`cluster_state:${state}`),
      20_000,
    );
  const writers = await startFeatures(first.url, { REDIS_MODE: "cluster", REDIS_DEADLINE_MS: "500" });
  await endure(writers, {
    async begin() {
      last.kill("SIGSTOP");
      await clusterIs("fail");
    },
    end: () => last.kill("SIGCONT"),
  });
});
