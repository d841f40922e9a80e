import { AwsUnavailable } from "../aws/ask.ts";
import type { ManagedCache, Refusal } from "../aws/elasticache-management.ts";
import type { CacheDescription } from "../aws/managed-cache.ts";

export type FailoverTest =
  /** `unknown`: ElastiCache was asked for it, and gave no answer. */
  { readonly state: "started" | "unknown" } | { readonly state: "refused"; readonly why: string };

const REASONS: Readonly<Record<Refusal, string>> = {
  busy: "The cache is being changed, or another failover is under way.",
  limit: "ElastiCache was asked too often: it does at most 15 failover tests of an account in 24 hours.",
  unknown: "The cache has no such node group.",
  unsupported: "ElastiCache offers no failover test for this cache.",
  invalid: "ElastiCache takes this cache and node group for invalid.",
  exists: "ElastiCache refused.",
  quota: "ElastiCache refused.",
};

/**
 * Has ElastiCache fail over one node group, if it is in a state from which it comes back by itself. Rejects as
 * `ManagedCache`, or as `beforehand` does, as long as nothing was asked for: whoever met that may try again.
 */
export async function testFailover(
  cache: ManagedCache,
  nodeGroupId: string,
  beforehand: () => Promise<void>,
): Promise<FailoverTest> {
  const why = obstacle(await cache.describe(), nodeGroupId);
  if (why) return { state: "refused", why };
  await beforehand();
  const outcome = await cache.testFailover(nodeGroupId).catch((error: unknown) => {
    if (error instanceof AwsUnavailable) return { state: "unknown" } as const;
    throw error;
  });
  if (outcome.state === "refused") return { state: "refused", why: REASONS[outcome.reason] };
  return { state: outcome.state === "done" ? "started" : outcome.state };
}

function obstacle(cache: CacheDescription, nodeGroupId: string): string | undefined {
  if (cache.kind === "serverless")
    return "AWS fails over a serverless cache by itself, and offers no test of it.";
  if (cache.status !== "available")
    return `The cache is not available: its status is ${cache.status}. A failover may be under way.`;
  if (!cache.automaticFailover) return "Automatic failover is off: no replica would take over.";
  const group = cache.nodeGroups.find(({ id }) => id === nodeGroupId);
  if (!group) {
    const ids = cache.nodeGroups.map(({ id }) => id).join(", ");
    return `The cache has no such node group; it has ${ids}.`;
  }
  if (group.status !== "available") return `The node group is not available: its status is ${group.status}.`;
  if (group.nodes.length < 2) return "The node group has no replica that could take over.";
  return undefined;
}
