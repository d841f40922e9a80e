import { ConfigError } from "../config.ts";
import { AwsUnavailable, ask, PATIENCE } from "./ask.ts";
import {
  type Asking,
  describeReplicationGroup,
  describeServerlessCache,
  SETTING,
} from "./describe-caches.ts";

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
      const asking = { sdk, client, abortSignal };
      return (await findReplicationGroup(asking, id)) ?? (await findServerlessCache(asking, id));
    } finally {
      client.destroy();
    }
  });
}

async function findReplicationGroup(asking: Asking, id: string): Promise<FoundCache | undefined> {
  const group = await describeReplicationGroup(asking, id);
  if (!group) return undefined;
  const endpoint = group.ConfigurationEndpoint ?? group.NodeGroups?.[0]?.PrimaryEndpoint;
  return {
    mode: group.ConfigurationEndpoint ? "cluster" : "standalone",
    ...whereIs(endpoint, group.Status),
    tls: group.TransitEncryptionEnabled ?? false,
    serverless: false,
  };
}

async function findServerlessCache(asking: Asking, id: string): Promise<FoundCache> {
  const cache = await describeServerlessCache(asking, id);
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
