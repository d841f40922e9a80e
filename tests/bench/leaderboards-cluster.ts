import { pathToFileURL } from "node:url";
import { type Cluster, Redis } from "ioredis";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { startRedis } from "../../dev/redis/start-redis.ts";
import type { Settings } from "../../lib/leaderboards/board.ts";
import type { Leaderboards } from "../../lib/leaderboards/leaderboards.ts";
import { partitionOf } from "../../lib/leaderboards/partitions.ts";
import { leaderboardKeys } from "../../lib/redis/keys.ts";
import { fill, memberOf } from "./leaderboards-fill.ts";
import { keepApart } from "./processors.ts";

/** Leaderboards on a cluster, and one more node for plain sorted sets. */
export interface Places {
  readonly leaderboards: Leaderboards;
  readonly cluster: Cluster;
  readonly plain: Redis;
  close(): Promise<void>;
}

/** The connection knows the clients of its own bundle only. */
type Library = typeof import("../../lib/leaderboards/leaderboards.ts") &
  typeof import("../../lib/leaderboards/scripts.ts") &
  Pick<typeof import("../../lib/redis/connection.ts"), "createConnection"> &
  Pick<typeof import("ioredis"), "Cluster">;

const NODES = 3;
const MEMBERS_PER_STEP = 320_000;

export async function openPlaces(bundle: string): Promise<Places> {
  const [servers, plainServer] = await Promise.all([startCluster({ nodes: NODES }), startRedis()]);
  keepApart(plainServer.pid, ...servers.nodes.map(({ pid }) => pid));
  const library: Library = await import(pathToFileURL(bundle).href);
  const cluster = new library.Cluster([...servers.nodes], { scripts: library.leaderboardScripts });
  const plain = new Redis(plainServer.url);
  const connection = library.createConnection(() => ({ redis: cluster }), { deadlineMs: 1000 });
  return {
    leaderboards: library.createLeaderboards(connection, { idempotencyMs: 1000 }),
    cluster,
    plain,
    async close() {
      cluster.disconnect();
      plain.disconnect();
      await Promise.all([servers.stop(), plainServer.stop()]);
    },
  };
}

/**
 * Fills the board and the plain set of that name with the same members, from the best score to the worst: several times
 * as fast as in no order.
 */
export async function fillBoth(
  { cluster, plain }: Places,
  { tenant, name, settings }: { readonly tenant: string; readonly name: string; readonly settings: Settings },
  members: number,
): Promise<void> {
  let writing: Promise<unknown> = Promise.resolve();
  for (let end = members; end > 0; end -= MEMBERS_PER_STEP) {
    const length = Math.min(MEMBERS_PER_STEP, end);
    const numbers = Uint32Array.from({ length }, (_, index) => end - 1 - index);
    const parts = split(numbers, settings); // takes long; meanwhile Redis writes those before
    await writing;
    writing = Promise.all([
      fill({ redis: plain, keys: [name], sign: 1 }, numbers),
      ...parts.map((part, partition) => {
        const { ranks, stamps } = leaderboardKeys.window(tenant, name, partition, "all");
        return fill({ redis: cluster, keys: [ranks, stamps], sign: -1 }, part);
      }),
    ]);
  }
  await writing;
}

function split(numbers: Uint32Array, settings: Settings): Uint32Array[] {
  const parts = Array.from({ length: settings.partitions }, () => [] as number[]);
  for (const number of numbers) parts[partitionOf(settings, memberOf(number))]?.push(number);
  return parts.map((part) => Uint32Array.from(part));
}
