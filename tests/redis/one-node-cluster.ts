import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster, Redis } from "ioredis";
import { vi } from "vitest";
import { startRedis } from "../../dev/redis/start-redis.ts";
import type { Script } from "../../lib/redis/connect.ts";
import type { Connection, Run } from "../../lib/redis/connection.ts";

/** One node that owns every slot refuses whatever spans two of them, as any cluster does. */
export async function startCluster(scripts: Record<string, Script>) {
  const dir = await mkdtemp(join(tmpdir(), "redigate-cluster-"));
  const server = await startRedis({ dir, config: ["cluster-enabled yes", "cluster-announce-ip 127.0.0.1"] });
  const node = new Redis(server.url);
  await node.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await vi.waitUntil(
    async () => String(await node.call("CLUSTER", "INFO")).includes("cluster_state:ok"),
    10_000,
  );
  node.disconnect();
  const cluster = new Cluster([{ host: "127.0.0.1", port: server.port }], { scripts });

  const run: Run = (operation) => operation(cluster as unknown as Redis);
  const connection: Connection = {
    deadlineMs: 1000,
    begin: () => run,
    run,
    ping: async () => {},
    takeRoundTrips: () => [],
    close: async () => {
      cluster.disconnect();
      await server.stop();
      await rm(dir, { recursive: true });
    },
  };
  return connection;
}
