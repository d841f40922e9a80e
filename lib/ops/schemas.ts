import * as z from "zod/mini";

/** A part that the server may refuse to tell. */
export function told<T extends z.ZodMiniType>(schema: T) {
  return z.union([schema, z.literal("not_available")]);
}

/** Numbers of which a server may leave some out. */
const optional = <const K extends string>(...names: readonly K[]) =>
  Object.fromEntries(names.map((name) => [name, z.optional(z.number())])) as Record<
    K,
    z.ZodMiniOptional<z.ZodMiniNumber>
  >;

const numbers = <const K extends string>(...names: readonly K[]) => told(z.strictObject(optional(...names)));

const unreachable = z.array(z.string());

const Server = told(
  z.strictObject({ engine: z.string(), version: z.string(), uptimeSeconds: z.optional(z.number()) }),
);

const Replication = z.union([
  z.strictObject({
    history: z.optional(z.string()),
    offset: z.number(),
    replicas: z.array(
      z.strictObject({
        address: z.string(),
        state: z.string(),
        lagBytes: z.number(),
        lagSeconds: z.number(),
      }),
    ),
  }),
  z.strictObject({
    offset: z.number(),
    primary: z.string(),
    linkUp: z.boolean(),
    secondsSinceHeard: z.number(),
  }),
  z.literal("not_available"),
]);

const counts = numbers("connected", "blocked", "max");
const node = {
  address: z.string(),
  role: z.enum(["primary", "replica", "not_available"]),
  server: Server,
  replication: Replication,
};

export const Engine = z.strictObject({
  nodes: z.array(
    z.strictObject({
      ...node,
      memory: told(
        z.strictObject({
          ...optional("usedBytes", "maxBytes", "residentBytes", "peakBytes", "fragmentation"),
          policy: z.optional(z.string()),
        }),
      ),
      clients: counts,
      stats: numbers(
        "commandsPerSecond",
        "hits",
        "misses",
        "evictedKeys",
        "expiredKeys",
        "connectionsReceived",
        "connectionsRejected",
      ),
      persistence: numbers("loading", "appendOnly", "lastSavedAt", "changesSinceSave"),
      keyspace: told(z.strictObject({ keys: z.number(), expiring: z.number() })),
      configuration: told(z.record(z.string(), z.string())),
    }),
  ),
  unreachable,
});

const Cache = z.strictObject({
  kind: z.enum(["replication-group", "serverless"]),
  id: z.string(),
  status: z.string(),
  engine: z.optional(z.string()),
  version: z.optional(z.string()),
  nodeType: z.optional(z.string()),
  clusterMode: z.boolean(),
  automaticFailover: z.boolean(),
  multiZone: z.boolean(),
  durability: z.optional(z.string()),
  snapshotRetentionDays: z.number(),
  snapshotTime: z.optional(z.string()),
  endpoints: z.array(z.strictObject({ name: z.string(), address: z.string() })),
  nodeGroups: z.array(
    z.strictObject({
      id: z.string(),
      status: z.string(),
      slots: z.optional(z.string()),
      nodes: z.array(
        z.strictObject({ id: z.string(), zone: z.optional(z.string()), role: z.optional(z.string()) }),
      ),
    }),
  ),
  pendingChanges: z.array(z.string()),
});

const Events = z.strictObject({
  events: z.array(z.strictObject({ at: z.string(), message: z.string() })),
  updates: z.array(
    z.strictObject({
      name: z.string(),
      severity: z.string(),
      status: z.string(),
      applyBy: z.optional(z.string()),
    }),
  ),
});

const ClusterNode = z.strictObject({
  id: z.string(),
  address: z.string(),
  role: z.enum(["primary", "replica"]),
  primaryId: z.optional(z.string()),
  state: z.string(),
  slots: z.array(z.string()),
});

export const Topology = z.strictObject({
  cache: z.union([Cache, z.enum(["not_managed", "not_available"])]),
  events: z.union([Events, z.enum(["not_managed", "not_available"])]),
  reasons: z.array(z.string()),
  cluster: z.union([
    z.strictObject({ state: z.string(), servedSlots: z.number(), nodes: z.array(ClusterNode) }),
    z.enum(["off", "not_available"]),
  ]),
  nodes: told(z.array(z.strictObject(node))),
  unreachable,
});

export const Snapshot = z.strictObject({
  name: z.string(),
  status: z.string(),
  source: z.string(),
  createdAt: z.optional(z.string()),
  size: z.optional(z.string()),
  engine: z.optional(z.string()),
  version: z.optional(z.string()),
  nodeType: z.optional(z.string()),
  nodeGroups: z.optional(z.number()),
  subnetGroup: z.optional(z.string()),
  parameterGroup: z.optional(z.string()),
  arn: z.optional(z.string()),
});

export const Restore = z.array(z.strictObject({ what: z.string(), command: z.optional(z.string()) }));

export const Memory = z.strictObject({
  totalKeys: z.number(),
  usedBytes: z.optional(z.number()),
  sampledKeys: z.number(),
  measured: z.boolean(),
  features: z.array(
    z.strictObject({
      feature: z.string(),
      sampledKeys: z.number(),
      sampledBytes: z.number(),
      keys: z.number(),
      bytes: z.number(),
    }),
  ),
  unreachable,
});

export const Collection = z.strictObject({
  key: z.string(),
  feature: z.optional(z.string()),
  type: z.string(),
  members: z.optional(z.number()),
  bytes: z.number(),
  measured: z.boolean(),
  node: z.string(),
});

export const Slowlog = z.strictObject({
  commands: told(
    z.array(
      z.strictObject({
        at: z.string(),
        durationMs: z.number(),
        node: z.string(),
        command: z.string(),
        keys: z.array(z.string()),
        client: z.string(),
      }),
    ),
  ),
  unreachable,
});

const groups = z.array(z.strictObject({ value: z.string(), clients: z.number() }));

export const Clients = z.strictObject({
  nodes: z.array(z.strictObject({ address: z.string(), counts })),
  clients: told(z.strictObject({ listed: z.number(), names: groups, addresses: groups, ages: groups })),
  unreachable,
});
