import { isIP } from "node:net";
import { type Config, ConfigError } from "../config.ts";

export const HOW_TO_START =
  "Start one with `npm run redis` (or `npm start`), or set REDIS_URL to a Redis that runs.";

/** How to connect to one server. Throws `ConfigError` when none is configured. */
export function serverOptions(config: Config["redis"]) {
  return {
    ...locate(config),
    ...eachConnection(config),
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy,
  };
}

/** How to connect to a cluster, of which one address is known. Throws `ConfigError` when none is configured. */
export function clusterOptions(config: Config["redis"]) {
  const { host, port, db: _none, ...access } = locate(config);
  const options = {
    lazyConnect: true,
    // A node is connected to when the first command goes there; those that follow wait for it.
    enableOfflineQueue: true,
    enableReadyCheck: false,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: Math.ceil(config.deadlineMs / 2),
    // Each of these would send again a command that may have run.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // A certificate names hosts, not addresses.
    ...(access.tls && { dnsLookup: (name: string, done: Resolved) => done(null, name) }),
    redisOptions: { ...access, ...eachConnection(config) },
  };
  return { nodes: [{ host, port }], options };
}

type Resolved = (error: null, address: string) => void;

/** What a connection has, to whichever node. */
function eachConnection({ deadlineMs }: Config["redis"]) {
  return {
    connectTimeout: deadlineMs,
    // Idle time does not count, so it is safe across a freeze; a silent socket is destroyed in time for another try.
    socketTimeout: Math.ceil(deadlineMs / 2),
    // A command whose reply was lost may have run: only `Connection.run` knows whether it may be sent again.
    maxRetriesPerRequest: 0,
    // Each of these would cost the first request of a sandbox one more round trip.
    enableReadyCheck: false,
    disableClientInfo: true,
  };
}

/**
 * At once, then slower, with jitter against storms. After some three seconds it stops trying by itself: from then on
 * each request makes one attempt, and learns at once when the server is still away.
 */
function retryStrategy(attempt: number): number | null {
  return attempt > 12
    ? null
    : (attempt === 1 ? 0 : Math.min(25 * 2 ** (attempt - 2), 400)) + Math.random() * 10;
}

/** Where the server is, or one of the cluster's, and what it asks of whoever connects. */
function locate(config: Config["redis"]) {
  if (!config.url && !config.host) {
    throw new ConfigError(`No Redis is configured: REDIS_URL and REDIS_HOST are unset. ${HOW_TO_START}`);
  }
  const url = config.url ? new URL(config.url) : undefined;
  const host = url ? url.hostname.replace(/^\[|\]$/g, "") : (config.host ?? "");
  const username = decodeURIComponent(url?.username ?? "") || config.username;
  const password = decodeURIComponent(url?.password ?? "") || config.password;
  // The nodes of a cluster have names of their own.
  const isNamed = config.mode === "standalone" && !isIP(host);
  return {
    host,
    port: url ? Number(url.port || 6379) : config.port,
    db: Number(url?.pathname.slice(1) || 0),
    ...(username && { username }),
    ...(password && { password }),
    ...((url ? url.protocol === "rediss:" : config.tls) && { tls: isNamed ? { servername: host } : {} }),
  };
}
