import type { CacheDescription, SnapshotDescription } from "../aws/managed-cache.ts";

export interface Step {
  readonly what: string;
  readonly command?: string | undefined;
}

/** Of a snapshot that never becomes available. */
const LOST = ["failed", "deleting"];

/**
 * What to do, in order, so that functions work with what a snapshot holds. A snapshot always becomes another cache, so it
 * gets a stage of its own. Where the snapshot is not `available`, the first step says so, and of one that never will be the
 * only one.
 */
export function restoreSteps(cache: CacheDescription, snapshot: SnapshotDescription): Step[] {
  const { status } = snapshot;
  if (LOST.includes(status))
    return [
      { what: `Take another snapshot: the status of this one is ${status}, and it cannot be restored.` },
    ];
  const parameters = Object.entries(parametersOf(cache, snapshot)).map(
    ([name, value]) => `--param ${name}=${value}`,
  );
  return [
    ...(status === "available"
      ? []
      : [{ what: `Wait until the snapshot is available: its status is ${status}.` }]),
    {
      what: "Deploy another stage whose cache begins with the snapshot, with the other parameters of this one. It takes the longer the more data there are.",
      command: `npx sls deploy --stage restored ${parameters.join(" ")}`,
    },
    {
      what: "Look whether it is what you expect, with the address that the deployment has printed.",
      command: "npm run -s ops -- memory --url https://…",
    },
    {
      what: "Lead the callers there. What was written after the snapshot is only in the old cache: keep it until nothing is missing. Later deployments of the new stage need restoreFrom as well.",
    },
  ];
}

/** Those of the deployment that the snapshot fits: as many shards, and no smaller nodes. */
function parametersOf(cache: CacheDescription, { name, arn, nodeType, nodeGroups }: SnapshotDescription) {
  if (cache.kind === "serverless") return { cache: "serverless", restoreFrom: arn ?? name };
  const replicas = Math.max(0, (cache.nodeGroups[0]?.nodes.length ?? 1) - 1);
  const { durability = "" } = cache;
  const size = nodeType ?? cache.nodeType;
  return {
    ...(cache.clusterMode
      ? {
          cache: "cluster",
          shards: nodeGroups ?? cache.nodeGroups.length,
          replicas,
          ...(["async", "sync"].includes(durability) && { durability }),
        }
      : replicas > 0
        ? { cache: "replication-group", replicas }
        : { cache: "node" }),
    ...(size && { nodeType: size }),
    restoreFrom: name,
  };
}
