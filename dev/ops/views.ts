import type { Api, Json } from "./api.ts";
import { away, clients, collections, engine, memory, slowlog } from "./redis-views.ts";
import { absence, table } from "./tables.ts";

export interface Options {
  readonly limit?: string | undefined;
  readonly create?: boolean | undefined;
  readonly label?: string | undefined;
  readonly restore?: string | undefined;
  readonly "node-group"?: string | undefined;
  readonly confirm?: string | undefined;
}

async function* topology(api: Api): AsyncGenerator<string> {
  const { cache, events, reasons, cluster, nodes, unreachable } = await api.get("topology");
  yield* reasons;
  if (typeof cache === "string") yield absence("ElastiCache", cache);
  else yield* managed(cache);
  if (typeof events === "object") {
    yield `\nLast day\n${table(
      ["when", "what"],
      events.events.map(({ at, message }: Json) => [at, message]),
    )}`;
    yield `\nService updates to come\n${table(
      ["name", "severity", "status", "apply by"],
      events.updates.map(({ name, severity, status, applyBy }: Json) => [name, severity, status, applyBy]),
    )}`;
  }
  if (typeof nodes === "string") return yield `\n${absence("Redis", nodes)}`;
  yield `\nNodes\n${table(["address", "role", "engine", "up", "replication"], nodes.map(nodeRow))}`;
  yield* away(unreachable);
  if (cluster === "off") return;
  if (typeof cluster === "string") return yield `\n${absence("Cluster", cluster)}`;
  yield `\nCluster: ${cluster.state}, ${cluster.servedSlots} slots served\n${table(
    ["id", "address", "role", "state", "slots"],
    cluster.nodes.map(({ id, address, role, state, slots }: Json) => [
      id.slice(0, 8),
      address,
      role,
      state,
      slots.join(" "),
    ]),
  )}`;
}

function nodeRow({ address, role, server, replication }: Json) {
  const { engine, version, uptimeSeconds } = typeof server === "string" ? ({} as Json) : server;
  const days = uptimeSeconds === undefined ? undefined : `${(uptimeSeconds / 86_400).toFixed(1)} d`;
  return [address, role, engine && `${engine} ${version}`, days, replicationText(replication)];
}

function replicationText(replication: Json): string {
  if (typeof replication === "string") return "-";
  if (replication.primary)
    return `of ${replication.primary}, ${replication.linkUp ? "in sync" : "link down"}`;
  const lags = replication.replicas.map(
    ({ address, lagBytes, lagSeconds }: Json) => `${address} ${lagBytes} B, ${lagSeconds} s behind`,
  );
  return lags.join("; ") || "no replicas";
}

function* managed(cache: Json): Generator<string> {
  const { kind, id, status, engine, version, nodeType, snapshotRetentionDays, pendingChanges } = cache;
  yield `${id}: ${kind}, ${status}, ${engine ?? "engine"} ${version ?? "unknown"}${nodeType ? `, ${nodeType}` : ""}`;
  yield `automatic snapshots ${snapshotRetentionDays > 0 ? `kept ${snapshotRetentionDays} days` : "off"}, automatic failover ${cache.automaticFailover ? "on" : "off"}`;
  if (pendingChanges.length > 0) yield `pending: ${pendingChanges.join(", ")}`;
  for (const { name, address } of cache.endpoints) yield `${name}: ${address}`;
  const rows = cache.nodeGroups.flatMap((group: Json) =>
    group.nodes.map(({ id: node, zone, role }: Json) => [
      group.id,
      group.status,
      node,
      zone,
      role,
      group.slots,
    ]),
  );
  if (rows.length > 0) yield `\n${table(["group", "status", "node", "zone", "role", "slots"], rows)}`;
}

async function* snapshot(api: Api, { create, label, restore }: Options): AsyncGenerator<string> {
  if (create) {
    const { snapshot: made } = await api.post("snapshots", { ...(label !== undefined && { label }) });
    return yield `${made.name}: ${made.status}`;
  }
  if (restore !== undefined) {
    const found = await api.get(`snapshots/${encodeURIComponent(restore)}`);
    yield `${found.snapshot.name}: ${found.snapshot.status}, ${found.snapshot.createdAt ?? "unknown time"}`;
    for (const [index, { what, command }] of found.restore.entries())
      yield `\n${index + 1}. ${what}${command ? `\n${command}` : ""}`;
    return;
  }
  for (let path: string | undefined = "snapshots"; path; ) {
    const { snapshots, next }: Json = await api.get(path);
    if (typeof snapshots === "string") return yield absence("Snapshots", snapshots);
    yield table(
      ["name", "status", "source", "created", "size"],
      snapshots.map(({ name, status, source, createdAt, size }: Json) => [
        name,
        status,
        source,
        createdAt,
        size,
      ]),
    );
    path = next && `snapshots?cursor=${encodeURIComponent(next)}`;
  }
}

async function* failoverTest(
  api: Api,
  { "node-group": nodeGroupId, confirm }: Options,
): AsyncGenerator<string> {
  if (nodeGroupId === undefined || confirm === undefined)
    throw new Error("Say --node-group, such as 0001, and --confirm with the id of the cache.");
  const { state } = await api.post("failover-tests", { nodeGroupId, confirm });
  yield state === "started"
    ? `The failover of ${nodeGroupId} has begun. Watch it with \`npm run -s ops -- topology\`.`
    : "ElastiCache gave no answer: look with `npm run -s ops -- topology` whether it has begun.";
}

/** What each command prints, a piece at a time. */
export const views = {
  topology,
  engine,
  memory,
  collections,
  slowlog,
  clients,
  snapshot,
  "failover-test": failoverTest,
} satisfies Record<string, (api: Api, options: Options) => AsyncGenerator<string>>;
