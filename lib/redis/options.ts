import { isIP } from "node:net";
import { ConfigError } from "../config.ts";
import type { RedisSettings } from "../redis-settings.ts";

export const HOW_TO_START =
  "Start one with `npm run redis` (or `npm start`), or set REDIS_URL to a Redis that runs.";

/** How to connect to one server. Throws `ConfigError` when none is configured. */
export function serverOptions(settings: RedisSettings) {
  const { addresses, ...access } = locate(settings);
  return { ...addresses[0], ...access, ...ofOneServer(settings) };
}

/** How to connect to the primary that sentinels name; the addresses are theirs. Throws as `serverOptions`. */
export function sentinelOptions(settings: RedisSettings) {
  const { addresses, ...access } = locate(settings);
  const { name, password } = settings.sentinel;
  return {
    sentinels: addresses,
    name,
    ...(password && { sentinelPassword: password }),
    ...(access.tls && { enableTLSForSentinelMode: true, sentinelTLS: access.tls }),
    sentinelRetryStrategy: retryStrategy,
    // One that hangs must leave time to ask the others.
    sentinelCommandTimeout: Math.ceil(settings.deadlineMs / 4),
    ...access,
    ...ofOneServer(settings),
  };
}

/** How to connect to a cluster, of which some addresses are known. Throws as `serverOptions`. */
export function clusterOptions(settings: RedisSettings) {
  const { addresses, db: _none, ...access } = locate(settings);
  const options = {
    lazyConnect: true,
    // A node is connected to when the first command goes there; those that follow wait for it.
    enableOfflineQueue: true,
    enableReadyCheck: false,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: Math.ceil(settings.deadlineMs / 2),
    // While a slot moves; what it waits, nobody can spend on anything else.
    retryDelayOnTryAgain: 25,
    // Each of these would send again a command that may have run.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // A certificate names hosts, not addresses.
    ...(access.tls && { dnsLookup: (name: string, done: Resolved) => done(null, name) }),
    redisOptions: { ...access, ...eachConnection(settings) },
  };
  return { addresses, options };
}

type Resolved = (error: null, address: string) => void;

function ofOneServer(settings: RedisSettings) {
  return { ...eachConnection(settings), lazyConnect: true, enableOfflineQueue: false, retryStrategy };
}

/** What a connection has, to whichever node. */
function eachConnection({ deadlineMs }: RedisSettings) {
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
  if (attempt > 12) return null;
  const pauseMs = attempt === 1 ? 0 : Math.min(25 * 2 ** (attempt - 2), 400);
  return pauseMs * (0.75 + Math.random() / 2) + Math.random() * 10;
}

/** What the servers ask of whoever connects, and where they are. */
function locate({ addresses, db, username, password, ...settings }: RedisSettings) {
  const [first] = addresses;
  if (!first) {
    throw new ConfigError(`No Redis is configured: REDIS_URL and REDIS_HOST are unset. ${HOW_TO_START}`);
  }
  return {
    addresses,
    db,
    ...(username && { username }),
    ...(password && { password }),
    ...(settings.tls && { tls: tlsOptions(settings, first.host) }),
  };
}

function tlsOptions(
  { mode, tlsCa, tlsVerify }: Pick<RedisSettings, "mode" | "tlsCa" | "tlsVerify">,
  host: string,
) {
  return {
    // Sentinels and the nodes of a cluster have names of their own.
    ...(mode === "standalone" && !isIP(host) && { servername: host }),
    ...(tlsCa && { ca: tlsCa }),
    rejectUnauthorized: tlsVerify,
  };
}
