import { Redis } from "ioredis";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { until } from "../composition.ts";

/** A server with a client that has nothing of ours in it. */
export interface Watched {
  readonly server: RunningRedis;
  readonly admin: Redis;
}

/** A primary and its replica. */
export interface ReplicatedPair {
  readonly primary: Watched;
  readonly replica: Watched;
  /** From now on the replica keeps what it has and learns nothing new. */
  holdBack(): Promise<void>;
  /** Resolves when the replica has everything that was written until now. */
  catchUp(): Promise<void>;
  stop(): Promise<void>;
}

export async function startReplicatedPair(): Promise<ReplicatedPair> {
  const primary = await startWatched(["repl-diskless-sync-delay 0"]);
  const replica = await startWatched([`replicaof 127.0.0.1 ${primary.server.port}`]);
  const pair: ReplicatedPair = {
    primary,
    replica,
    async holdBack() {
      await replica.admin.replicaof("127.0.0.1", 1); // where nobody answers
    },
    async catchUp() {
      await replica.admin.replicaof("127.0.0.1", primary.server.port);
      const isUp = (info: string) => info.includes("master_link_status:up");
      await until(() => replica.admin.info("replication"), isUp, 20_000);
      const offsets = async () => [await offsetOf(primary.admin), await offsetOf(replica.admin)] as const;
      await until(offsets, ([ahead, behind]) => ahead === behind, 20_000);
      await primary.admin.pipeline().set("caught-up", "", "PX", 1).wait(1, 20_000).exec(); // so the primary knows it
    },
    async stop() {
      for (const { admin, server } of [replica, primary]) {
        admin.disconnect();
        await server.stop();
      }
    },
  };
  await pair.catchUp();
  return pair;
}

async function startWatched(config: readonly string[]): Promise<Watched> {
  const server = await startRedis({ config });
  return { server, admin: new Redis(server.url) };
}

async function offsetOf(admin: Redis): Promise<number> {
  const [, offset] = /(?:master|slave)_repl_offset:(\d+)/.exec(await admin.info("replication")) ?? [];
  return Number(offset);
}

/** How often a server has run each command since its numbers were reset, those of the one who asks left out. */
export async function commandsOf(admin: Redis): Promise<Record<string, number>> {
  const info = await admin.info("commandstats");
  const counts = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
    ([, name = "", calls]) => [name, Number(calls)] as const,
  );
  return Object.fromEntries(
    counts.filter(([name]) => !/^(info|config\|\w+|replicaof|replconf|ping)$/.test(name)),
  );
}
