/** A cache of ElastiCache as its API tells of it. Times are milliseconds since 1970. */
export interface CacheDescription {
  readonly kind: "replication-group" | "serverless";
  readonly id: string;
  /** `available`, `creating`, `modifying`, `snapshotting`, ... */
  readonly status: string;
  readonly engine?: string | undefined;
  readonly version?: string | undefined;
  readonly nodeType?: string | undefined;
  readonly clusterMode: boolean;
  readonly automaticFailover: boolean;
  readonly multiZone: boolean;
  readonly durability?: string | undefined;
  /** None: automatic snapshots are off. */
  readonly snapshotRetentionDays: number;
  readonly snapshotTime?: string | undefined;
  readonly endpoints: { readonly name: string; readonly address: string }[];
  readonly nodeGroups: NodeGroupDescription[];
  /** The names of settings that are about to change. */
  readonly pendingChanges: string[];
}

export interface NodeGroupDescription {
  readonly id: string;
  readonly status: string;
  readonly slots?: string | undefined;
  /** The API tells the roles only where cluster mode is off. */
  readonly nodes: {
    readonly id: string;
    readonly zone?: string | undefined;
    readonly role?: string | undefined;
  }[];
}

export interface SnapshotDescription {
  readonly name: string;
  readonly status: string;
  /** `manual` or `automated`. */
  readonly source: string;
  readonly createdAt?: number | undefined;
  readonly size?: string | undefined;
  readonly engine?: string | undefined;
  readonly version?: string | undefined;
  readonly nodeType?: string | undefined;
  readonly nodeGroups?: number | undefined;
  readonly subnetGroup?: string | undefined;
  readonly parameterGroup?: string | undefined;
  readonly arn?: string | undefined;
}

/** What happened to a cache in the last day, and which service updates await it. */
export interface CacheEvents {
  readonly events: { readonly at: number; readonly message: string }[];
  readonly updates: {
    readonly name: string;
    readonly severity: string;
    readonly status: string;
    readonly applyBy?: number | undefined;
  }[];
}

export interface SnapshotPage {
  readonly snapshots: SnapshotDescription[];
  /** Where the next page begins. */
  readonly next?: string | undefined;
}

/** One kind of cache; whatever its methods reject with is the SDK's. */
export interface CacheKind {
  readonly kind: CacheDescription["kind"];
  /** Undefined when there is no cache of this kind with the id. */
  describe(signal: AbortSignal): Promise<CacheDescription | undefined>;
  version(description: CacheDescription, signal: AbortSignal): Promise<string | undefined>;
  snapshots(limit: number, after: string | undefined, signal: AbortSignal): Promise<SnapshotPage>;
  /** Undefined when there is no such snapshot. */
  snapshot(name: string, signal: AbortSignal): Promise<SnapshotDescription | undefined>;
  createSnapshot(name: string, signal: AbortSignal): Promise<SnapshotDescription | undefined>;
}

/** `host:port` of an endpoint under its name, if there is one. */
export function endpoint(
  name: string,
  given: { readonly Address?: string | undefined; readonly Port?: number | undefined } | undefined,
) {
  return given?.Address ? [{ name, address: [given.Address, given.Port].join(":") }] : [];
}
