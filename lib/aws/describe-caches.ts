import type { ElastiCacheClient, ReplicationGroup, ServerlessCache } from "@aws-sdk/client-elasticache";
import { noneIf, told } from "./ask.ts";

/** What an id of ElastiCache is given by. */
export const SETTING = "ELASTICACHE_ID";

/** The SDK, which is loaded when it is first needed. */
export type Sdk = typeof import("@aws-sdk/client-elasticache");

/** What is asked, and until when. */
export interface Asking {
  readonly sdk: Sdk;
  readonly client: ElastiCacheClient;
  readonly abortSignal: AbortSignal;
}

/** Undefined when there is none with this id. Rejects as the SDK, and with `AwsUnavailable` when the answer is empty. */
export async function describeReplicationGroup(
  { sdk, client, abortSignal }: Asking,
  id: string,
): Promise<ReplicationGroup | undefined> {
  const command = new sdk.DescribeReplicationGroupsCommand({ ReplicationGroupId: id });
  const { ReplicationGroups } = await client
    .send(command, { abortSignal })
    .catch(noneIf("ReplicationGroupNotFoundFault", { ReplicationGroups: [] }));
  return told(SETTING, ReplicationGroups)[0];
}

/** The same of a serverless cache with this name. */
export async function describeServerlessCache(
  { sdk, client, abortSignal }: Asking,
  name: string,
): Promise<ServerlessCache | undefined> {
  const command = new sdk.DescribeServerlessCachesCommand({ ServerlessCacheName: name });
  const { ServerlessCaches } = await client
    .send(command, { abortSignal })
    .catch(noneIf("ServerlessCacheNotFoundFault", { ServerlessCaches: [] }));
  return told(SETTING, ServerlessCaches)[0];
}
