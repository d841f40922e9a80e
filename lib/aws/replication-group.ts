import type { ElastiCacheClient, NodeGroup, ReplicationGroup, Snapshot } from "@aws-sdk/client-elasticache";
import { noneIf } from "./ask.ts";
import { describeReplicationGroup, type Sdk } from "./describe-caches.ts";
import {
  type CacheDescription,
  type CacheKind,
  endpoint,
  type SnapshotDescription,
} from "./managed-cache.ts";

/** A cache of nodes, with cluster mode on or off. */
export function replicationGroup(sdk: Sdk, client: ElastiCacheClient, id: string): CacheKind {
  const find = (abortSignal: AbortSignal) => describeReplicationGroup({ sdk, client, abortSignal }, id);

  return {
    kind: "replication-group",
    async describe(abortSignal) {
      const group = await find(abortSignal);
      return group && describeGroup(id, group);
    },
    /** Only a node tells the version. */
    async version({ nodeGroups: [group] }, abortSignal) {
      const CacheClusterId = group?.nodes[0]?.id;
      if (!CacheClusterId) return undefined;
      const command = new sdk.DescribeCacheClustersCommand({ CacheClusterId });
      const { CacheClusters: [node] = [] } = await client.send(command, { abortSignal });
      return node?.EngineVersion;
    },
    /** Where cluster mode is off, of all snapshots there are: a page may be short, or empty with a next. */
    async snapshots(MaxRecords, Marker, abortSignal) {
      const group = await find(abortSignal);
      const ReplicationGroupId = group?.ClusterEnabled ? id : undefined; // else one of a node may know no group
      const command = new sdk.DescribeSnapshotsCommand({ ReplicationGroupId, MaxRecords, Marker });
      const { Snapshots = [], Marker: next } = await client.send(command, { abortSignal });
      return { snapshots: Snapshots.filter((each) => isOf(id, each)).map(describeSnapshot), next };
    },
    async snapshot(SnapshotName, abortSignal) {
      const command = new sdk.DescribeSnapshotsCommand({ SnapshotName });
      const { Snapshots: [snapshot] = [] } = await client
        .send(command, { abortSignal })
        .catch(noneIf("SnapshotNotFoundFault", { Snapshots: [] }));
      return snapshot && isOf(id, snapshot) ? describeSnapshot(snapshot) : undefined;
    },
    async createSnapshot(SnapshotName, abortSignal) {
      const source = sourceOf(id, await find(abortSignal));
      const command = new sdk.CreateSnapshotCommand({ ...source, SnapshotName });
      const { Snapshot } = await client.send(command, { abortSignal });
      return Snapshot && describeSnapshot(Snapshot);
    },
  };
}

/**
 * Of what a snapshot is taken: of a node where cluster mode is off, and rather of a replica, which has less to do:
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-manual.html
 */
function sourceOf(id: string, group: ReplicationGroup | undefined) {
  const nodes = group?.ClusterEnabled ? [] : (group?.NodeGroups?.[0]?.NodeGroupMembers ?? []);
  const { CacheClusterId } = nodes.find(({ CurrentRole }) => CurrentRole === "replica") ?? nodes[0] ?? {};
  return CacheClusterId ? { CacheClusterId } : { ReplicationGroupId: id };
}

/** AWS writes ids in lower case. What was taken of a node may know nothing of the group, but the node is called after it. */
function isOf(id: string, { ReplicationGroupId, CacheClusterId = "" }: Snapshot): boolean {
  const group = id.toLowerCase();
  if (ReplicationGroupId) return ReplicationGroupId === group;
  return new RegExp(`^${group}(-\\d{4})?-\\d{3}$`).test(CacheClusterId);
}

function describeGroup(id: string, group: ReplicationGroup): CacheDescription {
  const [first] = group.NodeGroups ?? [];
  return {
    kind: "replication-group",
    id,
    status: group.Status ?? "unknown",
    engine: group.Engine,
    nodeType: group.CacheNodeType,
    clusterMode: group.ClusterEnabled ?? false,
    automaticFailover: group.AutomaticFailover === "enabled",
    multiZone: group.MultiAZ === "enabled",
    durability: group.EffectiveDurability ?? group.Durability,
    snapshotRetentionDays: group.SnapshotRetentionLimit ?? 0,
    snapshotTime: group.SnapshotWindow,
    endpoints: group.ConfigurationEndpoint
      ? endpoint("configuration", group.ConfigurationEndpoint)
      : [...endpoint("primary", first?.PrimaryEndpoint), ...endpoint("reader", first?.ReaderEndpoint)],
    nodeGroups: (group.NodeGroups ?? []).map(describeNodeGroup),
    pendingChanges: Object.entries(group.PendingModifiedValues ?? {})
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name)
      .sort(),
  };
}

function describeNodeGroup({ NodeGroupId, Status, Slots, NodeGroupMembers = [] }: NodeGroup) {
  return {
    id: NodeGroupId ?? "unknown",
    status: Status ?? "unknown",
    slots: Slots,
    nodes: NodeGroupMembers.map(({ CacheClusterId, PreferredAvailabilityZone, CurrentRole }) => ({
      id: CacheClusterId ?? "unknown",
      zone: PreferredAvailabilityZone,
      role: CurrentRole,
    })),
  };
}

/** A snapshot of several node groups has a part of each, and each its own time. */
function describeSnapshot(snapshot: Snapshot): SnapshotDescription {
  const parts = snapshot.NodeSnapshots ?? [];
  const times = parts.flatMap(({ SnapshotCreateTime: time }) => (time ? [time.getTime()] : []));
  const sizes = parts.flatMap(({ CacheSize }) => (CacheSize ? [CacheSize] : []));
  return {
    name: snapshot.SnapshotName ?? "unknown",
    status: snapshot.SnapshotStatus ?? "unknown",
    source: snapshot.SnapshotSource === "automated" ? "automated" : "manual",
    createdAt: times.length > 0 ? Math.max(...times) : undefined,
    size: sizes.length > 0 ? sizes.join(" + ") : undefined,
    engine: snapshot.Engine,
    version: snapshot.EngineVersion,
    nodeType: snapshot.CacheNodeType,
    nodeGroups: snapshot.NumNodeGroups,
    subnetGroup: snapshot.CacheSubnetGroupName,
    parameterGroup: snapshot.CacheParameterGroupName,
    arn: snapshot.ARN,
  };
}
