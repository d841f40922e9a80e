import type { ElastiCacheClient } from "@aws-sdk/client-elasticache";
import { ConfigError } from "../config.ts";
import { ask, isAwsError, PATIENCE, told } from "./ask.ts";
import { readEvents } from "./cache-events.ts";
import { type Sdk, SETTING } from "./describe-caches.ts";
import type {
  CacheDescription,
  CacheEvents,
  CacheKind,
  SnapshotDescription,
  SnapshotPage,
} from "./managed-cache.ts";
import { replicationGroup } from "./replication-group.ts";
import { serverlessCache } from "./serverless-cache.ts";

/** Why ElastiCache did not do what it was asked for. */
export type Refusal = keyof typeof REFUSALS;

export type Outcome<T> =
  | { readonly state: "done"; readonly value: T }
  | { readonly state: "refused"; readonly reason: Refusal };

const REFUSALS = {
  exists: ["SnapshotAlreadyExistsFault", "ServerlessCacheSnapshotAlreadyExistsFault"],
  /** The cache is not `available`: it is being changed, copied, or a failover is under way. */
  busy: [
    "InvalidReplicationGroupStateFault",
    "InvalidCacheClusterStateFault",
    "InvalidServerlessCacheStateFault",
  ],
  /** It was asked for too often. */
  limit: ["APICallRateForCustomerExceededFault", "Throttling", "ThrottlingException", "RequestLimitExceeded"],
  quota: ["SnapshotQuotaExceededFault", "ServerlessCacheSnapshotQuotaExceededFault"],
  unknown: ["NodeGroupNotFoundFault"],
  unsupported: ["SnapshotFeatureNotSupportedFault", "TestFailoverNotAvailableFault"],
  invalid: ["InvalidParameterCombinationException", "InvalidParameterValueException"],
} as const satisfies Record<string, readonly string[]>;

const ALL_REFUSALS = Object.keys(REFUSALS) as Refusal[];

export interface ManagedCacheOptions {
  /** How long ElastiCache may take for one question, all tries together. @default 3000 */
  readonly timeoutMs?: number;
}

/** Looks after one cache. Every method rejects as `ask`: with `ConfigError` or `AwsUnavailable`, in time. */
export interface ManagedCache {
  readonly id: string;
  describe(): Promise<CacheDescription>;
  /** The engine's exact version, which a replication group itself does not tell. */
  version(): Promise<string | undefined>;
  events(): Promise<CacheEvents>;
  /** Undefined when ElastiCache did not give `after`. */
  snapshots(limit: number, after?: string): Promise<SnapshotPage | undefined>;
  snapshot(name: string): Promise<SnapshotDescription | undefined>;
  /** Sent once: after `AwsUnavailable` it may be being made. */
  createSnapshot(name: string): Promise<Outcome<SnapshotDescription>>;
  /** Ends the primary of a node group, so that a replica takes over. Sent once: after `AwsUnavailable` it may happen. */
  testFailover(nodeGroupId: string): Promise<Outcome<undefined>>;
}

/** The cache with this id: a replication group or, when there is none, a serverless cache. The SDK is loaded when first needed. */
export function createManagedCache(id: string, { timeoutMs = 3000 }: ManagedCacheOptions = {}): ManagedCache {
  /** Which of the two it is does not change. */
  let known: CacheKind["kind"] | undefined;

  /** Each question with a client of its own: hours may pass until the next. */
  function asking<T>(
    actions: string,
    question: (sdk: Sdk, client: ElastiCacheClient, signal: AbortSignal) => Promise<T>,
    maxAttempts = PATIENCE.maxAttempts,
  ): Promise<T> {
    return ask({ setting: SETTING, actions, timeoutMs }, async (signal) => {
      const sdk = await import("@aws-sdk/client-elasticache");
      // What is sent once has all the time.
      const handler = { ...PATIENCE.requestHandler, ...(maxAttempts === 1 && { requestTimeout: timeoutMs }) };
      const client = new sdk.ElastiCacheClient({ maxAttempts, requestHandler: handler });
      try {
        return await question(sdk, client, signal);
      } finally {
        client.destroy();
      }
    });
  }

  async function find(sdk: Sdk, client: ElastiCacheClient, signal: AbortSignal) {
    for (const create of [replicationGroup, serverlessCache]) {
      const kind = create(sdk, client, id);
      if (known !== undefined && known !== kind.kind) continue;
      const description = await kind.describe(signal);
      known = description?.kind ?? known;
      if (description) return { kind, description };
    }
    throw new ConfigError(`${SETTING}: no replication group or serverless cache has this id`);
  }

  /** Its kind alone: nothing is asked when that is known. */
  async function kindOf(sdk: Sdk, client: ElastiCacheClient, signal: AbortSignal): Promise<CacheKind> {
    if (known === undefined) return (await find(sdk, client, signal)).kind;
    return known === "serverless" ? serverlessCache(sdk, client, id) : replicationGroup(sdk, client, id);
  }

  const DESCRIBE = "elasticache:DescribeReplicationGroups and elasticache:DescribeServerlessCaches";
  const SNAPSHOTS = "elasticache:DescribeSnapshots or elasticache:DescribeServerlessCacheSnapshots";

  const describe = () => asking(DESCRIBE, async (...aws) => (await find(...aws)).description);

  return {
    id,
    describe,

    version: () =>
      asking("elasticache:DescribeCacheClusters", async (sdk, client, signal) => {
        const { kind, description } = await find(sdk, client, signal);
        return kind.version(description, signal);
      }),

    events: () =>
      asking(
        "elasticache:DescribeEvents and elasticache:DescribeUpdateActions",
        async (sdk, client, signal) => {
          const { kind } = await kindOf(sdk, client, signal);
          return readEvents(sdk, client, { id, kind }, signal);
        },
      ),

    snapshots: (limit, after) =>
      asking(SNAPSHOTS, async (sdk, client, signal) => {
        const kind = await kindOf(sdk, client, signal);
        const page = await unlessRefused(
          () => kind.snapshots(limit, after, signal),
          after === undefined ? [] : ["invalid"],
        );
        return page.state === "done" ? page.value : undefined;
      }),

    snapshot: (name) =>
      asking(SNAPSHOTS, async (sdk, client, signal) =>
        (await kindOf(sdk, client, signal)).snapshot(name, signal),
      ),

    async createSnapshot(name) {
      if (known === undefined) await describe(); // with as many tries as it takes
      return asking(
        "elasticache:CreateSnapshot or elasticache:CreateServerlessCacheSnapshot",
        async (sdk, client, signal) => {
          const kind = await kindOf(sdk, client, signal);
          return unlessRefused(async () => told(SETTING, await kind.createSnapshot(name, signal)));
        },
        1,
      );
    },

    testFailover: (NodeGroupId) =>
      asking(
        "elasticache:TestFailover",
        (sdk, client, abortSignal) =>
          unlessRefused(async () => {
            const command = new sdk.TestFailoverCommand({ ReplicationGroupId: id, NodeGroupId });
            const { ReplicationGroup } = await client.send(command, { abortSignal });
            told(SETTING, ReplicationGroup);
            return undefined;
          }),
        1,
      ),
  };
}

async function unlessRefused<T>(work: () => Promise<T>, reasons = ALL_REFUSALS): Promise<Outcome<T>> {
  try {
    return { state: "done", value: await work() };
  } catch (error) {
    const reason = reasons.find((name) => REFUSALS[name].some((fault) => isAwsError(error, fault)));
    if (reason === undefined) throw error;
    return { state: "refused", reason };
  }
}
