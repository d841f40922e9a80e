import type { ElastiCacheClient, UpdateActionStatus } from "@aws-sdk/client-elasticache";
import type { CacheDescription, CacheEvents } from "./managed-cache.ts";

const A_DAY_MINUTES = 1440;
/** ElastiCache takes no smaller number. */
const MAX_RECORDS = 20;
const PENDING: UpdateActionStatus[] = [
  "not-applied",
  "waiting-to-start",
  "scheduling",
  "scheduled",
  "in-progress",
];

/** What happened in the last day, and the service updates to come. AWS applies those of serverless caches unasked. */
export async function readEvents(
  sdk: typeof import("@aws-sdk/client-elasticache"),
  client: ElastiCacheClient,
  { id, kind }: Pick<CacheDescription, "id" | "kind">,
  abortSignal: AbortSignal,
): Promise<CacheEvents> {
  const happened = new sdk.DescribeEventsCommand({
    SourceIdentifier: id,
    SourceType: kind === "serverless" ? "serverless-cache" : "replication-group",
    Duration: A_DAY_MINUTES,
    MaxRecords: MAX_RECORDS,
  });
  const awaited = new sdk.DescribeUpdateActionsCommand({
    ReplicationGroupIds: [id],
    UpdateActionStatus: PENDING,
    MaxRecords: MAX_RECORDS,
  });
  const [{ Events = [] }, { UpdateActions = [] }] = await Promise.all([
    client.send(happened, { abortSignal }),
    kind === "serverless" ? { UpdateActions: [] } : client.send(awaited, { abortSignal }),
  ]);
  return {
    events: Events.map(({ Date: date, Message }) => ({ at: date?.getTime() ?? 0, message: Message ?? "" })),
    updates: UpdateActions.map((action) => ({
      name: action.ServiceUpdateName ?? "unknown",
      severity: action.ServiceUpdateSeverity ?? "unknown",
      status: action.UpdateActionStatus ?? "unknown",
      applyBy: action.ServiceUpdateRecommendedApplyByDate?.getTime(),
    })),
  };
}
