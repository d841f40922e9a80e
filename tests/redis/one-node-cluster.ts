import { Cluster } from "ioredis";
import { startCluster as startNodes } from "../../dev/redis/start-cluster.ts";
import { createConnection } from "../../lib/redis/connection.ts";
import type { Script } from "../../lib/redis/script.ts";

/** One node that owns every slot is enough for most: it refuses whatever spans two of them, as any cluster does. */
export async function startCluster(scripts: Record<string, Script>, nodes = 1) {
  const servers = await startNodes({ nodes });
  const cluster = new Cluster([...servers.nodes], { scripts });

  const connection = createConnection(() => ({ redis: cluster }), { deadlineMs: 1000 });
  return {
    ...connection,
    async close() {
      cluster.disconnect();
      await servers.stop();
    },
  };
}
