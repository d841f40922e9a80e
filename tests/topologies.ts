import { startCluster } from "../dev/redis/start-cluster.ts";
import { startRedis } from "../dev/redis/start-redis.ts";
import { startSentinel } from "../dev/redis/start-sentinel.ts";
import { startTls } from "../dev/redis/start-tls.ts";

const PASSWORD = "a password with spaces & signs";

/** Real servers for the tests of a run. */
export interface RunningTopology {
  /** What a function is given as REDIS_URL. */
  readonly redisUrl: string;
  /** What it is given besides. */
  readonly redisEnvironment: Record<string, string>;
  /** For a client that looks behind what is served; the same as `redisUrl` unless that user may not do everything. */
  readonly operatorUrl: string;
  stop(): Promise<void>;
}

/** One of them is chosen for a run with TOPOLOGY, as in `TOPOLOGY=cluster npx vitest run tests/sessions`. */
const TOPOLOGIES = {
  async standalone() {
    const { url, stop } = await startRedis({ password: PASSWORD });
    return { redisUrl: url, redisEnvironment: {}, operatorUrl: url, stop };
  },
  /** TLS with an authority of our own, and a user who may do no more than the functions need. */
  async tls() {
    const { url, functionsUrl, ca, stop } = await startTls();
    return { redisUrl: functionsUrl, redisEnvironment: { REDIS_TLS_CA: ca }, operatorUrl: url, stop };
  },
  /** Three primaries with a replica each. */
  async cluster() {
    const { nodes, stop } = await startCluster({ nodes: 3, replicas: 1, password: PASSWORD });
    const url = nodes[0]?.url ?? "";
    const others = addresses(nodes.slice(1));
    const redisEnvironment = { REDIS_MODE: "cluster", REDIS_NODES: others };
    return { redisUrl: url, redisEnvironment, operatorUrl: url, stop };
  },
  /** A primary with two replicas under three sentinels. */
  async sentinel() {
    const { sentinels, name, stop } = await startSentinel({ password: PASSWORD });
    const { host, port } = sentinels[0] as (typeof sentinels)[0];
    const url = `redis://:${encodeURIComponent(PASSWORD)}@${host}:${port}`;
    const others = addresses(sentinels.slice(1));
    const redisEnvironment = { REDIS_MODE: "sentinel", REDIS_NODES: others, REDIS_SENTINEL_NAME: name };
    return { redisUrl: url, redisEnvironment, operatorUrl: url, stop };
  },
} satisfies Record<string, () => Promise<RunningTopology>>;

function addresses(servers: readonly { readonly host: string; readonly port: number }[]): string {
  return servers.map(({ host, port }) => `${host}:${port}`).join(",");
}

export function startTopology(name: string): Promise<RunningTopology> {
  if (Object.hasOwn(TOPOLOGIES, name)) return TOPOLOGIES[name as keyof typeof TOPOLOGIES]();
  throw new Error(`TOPOLOGY must be one of ${Object.keys(TOPOLOGIES).join(", ")}`);
}
