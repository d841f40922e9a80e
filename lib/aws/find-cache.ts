import type { ElastiCacheClient } from "@aws-sdk/client-elasticache";
import { ConfigError } from "../config.ts";
import { AwsUnavailable, ask, noneIf, PATIENCE, told } from "./ask.ts";

const SETTING = "ELASTICACHE_ID";

export interface FoundCache {
  readonly mode: "standalone" | "cluster";
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly serverless: boolean;
}

export interface FindCacheOptions {
  /** Of a replication group or, when there is none, the name of a serverless cache. */
  readonly id: string;
  /** How long ElastiCache may take, all tries together. @default 3000 */
  readonly timeoutMs?: number;
}

/**
 * Asks ElastiCache where the cache of this id is. Rejects with `ConfigError` when there is none or the role may not
 * ask, with `AwsUnavailable` when another time may bring an answer.
 */
export function findCache({ id, timeoutMs = 3000 }: FindCacheOptions): Promise<FoundCache> {
  const actions = "elasticache:DescribeReplicationGroups and elasticache:DescribeServerlessCaches";
  return ask({ setting: SETTING, actions, timeoutMs }, async (abortSignal) => {
    const sdk = await import("@aws-sdk/client-elasticache");
    const client = new sdk.ElastiCacheClient(PATIENCE);
    try {
      return (
        (await findReplicationGroup(client, sdk, id, abortSignal)) ??
        (await findServerlessCache(client, sdk, id, abortSignal))
      );
    } finally {
      client.destroy();
    }
  });
}

type Sdk = typeof import("@aws-sdk/client-elasticache");

async function findReplicationGroup(
  client: ElastiCacheClient,
  { DescribeReplicationGroupsCommand }: Sdk,
  id: string,
  abortSignal: AbortSignal,
): Promise<FoundCache | undefined> {
  const command = new DescribeReplicationGroupsCommand({ ReplicationGroupId: id });
  const { ReplicationGroups } = await client
    .send(command, { abortSignal })
    .catch(noneIf("ReplicationGroupNotFoundFault", { ReplicationGroups: [] }));
  const [group] = told(SETTING, ReplicationGroups);
  if (!group) return undefined;
  const endpoint = group.ConfigurationEndpoint ?? group.NodeGroups?.[0]?.PrimaryEndpoint;
  return {
    mode: group.ConfigurationEndpoint ? "cluster" : "standalone",
    ...whereIs(endpoint, group.Status),
    tls: group.TransitEncryptionEnabled ?? false,
    serverless: false,
  };
}

async function findServerlessCache(
  client: ElastiCacheClient,
  { DescribeServerlessCachesCommand }: Sdk,
  id: string,
  abortSignal: AbortSignal,
): Promise<FoundCache> {
  const command = new DescribeServerlessCachesCommand({ ServerlessCacheName: id });
  const { ServerlessCaches } = await client
    .send(command, { abortSignal })
    .catch(noneIf("ServerlessCacheNotFoundFault", { ServerlessCaches: [] }));
  const [cache] = told(SETTING, ServerlessCaches);
  if (!cache) throw new ConfigError(`${SETTING}: no replication group or serverless cache has this id`);
  return { mode: "cluster", ...whereIs(cache.Endpoint, cache.Status), tls: true, serverless: true };
}

interface Endpoint {
  readonly Address?: string | undefined;
  readonly Port?: number | undefined;
}

function whereIs(endpoint: Endpoint | undefined, statusAsTold = "unknown") {
  const { Address: host, Port: port } = endpoint ?? {};
  const status = statusAsTold.toLowerCase();
  if (host && port && status !== "creating") return { host, port };
  const reason =
    status === "creating" ? "is still being created" : `has no endpoint; its status is ${status}`;
  throw new AwsUnavailable(`${SETTING}: the cache ${reason}`);
}
