import type {
  ElastiCacheClient,
  ServerlessCache,
  ServerlessCacheSnapshot,
} from "@aws-sdk/client-elasticache";
import { noneIf } from "./ask.ts";
import { describeServerlessCache, type Sdk } from "./describe-caches.ts";
import {
  type CacheDescription,
  type CacheKind,
  endpoint,
  type SnapshotDescription,
} from "./managed-cache.ts";

/** A cache without nodes to see: AWS looks after them, and fails over by itself. */
export function serverlessCache(sdk: Sdk, client: ElastiCacheClient, name: string): CacheKind {
  return {
    kind: "serverless",
    async describe(abortSignal) {
      const cache = await describeServerlessCache({ sdk, client, abortSignal }, name);
      return cache && describeCache(name, cache);
    },
    version: async ({ version }) => version,
    async snapshots(MaxResults, NextToken, abortSignal) {
      const command = new sdk.DescribeServerlessCacheSnapshotsCommand({
        ServerlessCacheName: name,
        MaxResults,
        NextToken,
      });
      const { ServerlessCacheSnapshots = [], NextToken: next } = await client.send(command, { abortSignal });
      return { snapshots: ServerlessCacheSnapshots.map(describeSnapshot), next };
    },
    async snapshot(ServerlessCacheSnapshotName, abortSignal) {
      const command = new sdk.DescribeServerlessCacheSnapshotsCommand({
        ServerlessCacheName: name,
        ServerlessCacheSnapshotName,
      });
      const { ServerlessCacheSnapshots: [snapshot] = [] } = await client
        .send(command, { abortSignal })
        .catch(noneIf("ServerlessCacheSnapshotNotFoundFault", { ServerlessCacheSnapshots: [] }));
      return snapshot && describeSnapshot(snapshot);
    },
    async createSnapshot(ServerlessCacheSnapshotName, abortSignal) {
      const command = new sdk.CreateServerlessCacheSnapshotCommand({
        ServerlessCacheName: name,
        ServerlessCacheSnapshotName,
      });
      const { ServerlessCacheSnapshot } = await client.send(command, { abortSignal });
      return ServerlessCacheSnapshot && describeSnapshot(ServerlessCacheSnapshot);
    },
  };
}

function describeCache(id: string, cache: ServerlessCache): CacheDescription {
  return {
    kind: "serverless",
    id,
    status: (cache.Status ?? "unknown").toLowerCase(),
    engine: cache.Engine,
    version: cache.FullEngineVersion ?? cache.MajorEngineVersion,
    clusterMode: true,
    automaticFailover: true,
    multiZone: true,
    snapshotRetentionDays: cache.SnapshotRetentionLimit ?? 0,
    snapshotTime: cache.DailySnapshotTime,
    endpoints: [...endpoint("primary", cache.Endpoint), ...endpoint("reader", cache.ReaderEndpoint)],
    nodeGroups: [],
    pendingChanges: [],
  };
}

function describeSnapshot(snapshot: ServerlessCacheSnapshot): SnapshotDescription {
  const { Engine, MajorEngineVersion } = snapshot.ServerlessCacheConfiguration ?? {};
  return {
    name: snapshot.ServerlessCacheSnapshotName ?? "unknown",
    status: (snapshot.Status ?? "unknown").toLowerCase(),
    source: snapshot.SnapshotType?.toLowerCase() === "automated" ? "automated" : "manual",
    createdAt: snapshot.CreateTime?.getTime(),
    size: snapshot.BytesUsedForCache,
    engine: Engine,
    version: MajorEngineVersion,
    arn: snapshot.ARN,
  };
}
