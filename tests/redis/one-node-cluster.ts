import { Cluster, type Redis } from "ioredis";
import { startCluster as startNodes } from "../../dev/redis/start-cluster.ts";
import type { Script } from "../../lib/redis/connect.ts";
import type { Connection, Run } from "../../lib/redis/connection.ts";

/** One node that owns every slot is enough for most: it refuses whatever spans two of them, as any cluster does. */
export async function startCluster(scripts: Record<string, Script>, nodes = 1) {
  const servers = await startNodes({ nodes });
  const cluster = new Cluster([...servers.nodes], { scripts });

  const run: Run = (operation) => operation(cluster as unknown as Redis);
  const connection: Connection = {
    deadlineMs: 1000,
    begin: () => run,
    run,
    ping: async () => {},
    takeRoundTrips: () => [],
    close: async () => {
      cluster.disconnect();
      await servers.stop();
    },
  };
  return connection;
}
