import { Cluster, Redis } from "ioredis";
import { type Config, ConfigError } from "../config.ts";
import { type RedisSettings, replicaOf } from "../redis-settings.ts";
import { acknowledge } from "./acknowledgement.ts";
import { authenticate } from "./authentication.ts";
import { withBlocking } from "./blocking.ts";
import type { Client } from "./client.ts";
import { type Connection, createConnection, type Link } from "./connection.ts";
import { credentialsSource, locateCache } from "./elasticache.ts";
import { reasonOf } from "./errors.ts";
import { clusterOptions, HOW_TO_START, sentinelOptions, serverOptions } from "./options.ts";
import { withReplica } from "./replica.ts";
import type { Script } from "./script.ts";

/** What a connection tells of itself; one structured line an event. */
export interface Log {
  info(message: string, fields: Record<string, unknown>): void;
  warn(message: string, fields: Record<string, unknown>): void;
}

export interface ConnectOptions {
  /** Gives the log when there is something to say. */
  readonly log: () => Log;
  /** The Lua scripts of the feature; each becomes a command that sends its text once a socket, its digest after. */
  readonly scripts?: Record<string, Script>;
}

/**
 * Opens the function's one connection and starts connecting at once, without waiting: call it while the module
 * loads, so that the handshake overlaps the rest of a cold start. Throws `ConfigError` when no server is configured.
 * SIGTERM and SIGINT close it with QUIT. That to a replica, and one for commands that block, are opened when they are first asked for.
 */
export function connect({ redis: settings, invokedLocally }: Config, options: ConnectOptions): Connection {
  const { deadlineMs, addresses, elasticacheId, replicaUrl } = settings;
  const refused = (error: Error) => {
    logRefusal(options.log, error); // those who wait for it may have to give up before
    throw error;
  };
  /** Gives what `use` makes of the settings, at once if they say where the server is. */
  const located = <T>(use: (settings: RedisSettings) => T): T | Promise<T> =>
    addresses.length > 0 || !elasticacheId
      ? use(settings)
      : locateCache(elasticacheId, settings).then(use, refused);

  const advice = invokedLocally ? { adviceWhenAway: HOW_TO_START } : {};
  const primary = createConnection(() => located((found) => startLink(found, options)), {
    deadlineMs,
    ...advice,
  });
  const blocking = withBlocking(primary, () =>
    createConnection(() => located((found) => createLink({ ...found, minReplicasAck: 0 }, options)), {
      deadlineMs,
    }),
  );
  const connection = replicaUrl ? withReplica(blocking, connectReplica(replicaUrl)) : blocking;
  closeOnSignals(connection);
  return connection;

  /** With half the time, so that the other half is left for the primary. */
  function connectReplica(url: string): Connection {
    const halfMs = Math.ceil(deadlineMs / 2);
    const open = (found: RedisSettings) =>
      createLink({ ...replicaOf(found, url), deadlineMs: halfMs }, options, "slave");
    return createConnection(() => located(open), { deadlineMs: halfMs });
  }
}

function startLink(settings: RedisSettings, options: ConnectOptions): Link {
  const link = createLink(settings, options);
  const { redis, authentication, acknowledgement } = link;
  const start = async () => {
    await authentication?.refresh();
    if (redis.status === "wait") await redis.connect();
    await acknowledgement?.check();
  };
  start().catch((error: Error) => {
    // Whatever else goes wrong has an event of its own, and a request tries again.
    if (error instanceof ConfigError) logRefusal(options.log, error);
  });
  return link;
}

function createLink(
  settings: RedisSettings,
  { log, scripts = {} }: ConnectOptions,
  scaleReads: "master" | "slave" = "master",
): Link {
  const redis = createClient(settings, scripts, scaleReads);
  redis.setMaxListeners(0); // each request that waits for the connection listens for it
  logEvents(redis, log);
  const source = credentialsSource(settings);
  const { minReplicasAck: replicas, deadlineMs } = settings;
  // In less time than a socket may be silent, though Redis looks at its clock every 100 ms only.
  const timeoutMs = Math.floor(Math.max(deadlineMs / 6, deadlineMs / 3 - 100));
  return {
    redis,
    authentication: source && authenticate(redis, source, (error) => logRefusal(log, error)),
    acknowledgement: replicas > 0 ? acknowledge(redis, { replicas, timeoutMs, scripts }) : undefined,
  };
}

function createClient(
  settings: RedisSettings,
  scripts: Record<string, Script>,
  scaleReads: "master" | "slave",
): Client {
  if (settings.mode === "sentinel") return new Redis({ ...sentinelOptions(settings), scripts });
  if (settings.mode === "standalone") return new Redis({ ...serverOptions(settings), scripts });
  const { addresses, options } = clusterOptions(settings);
  return new Cluster(addresses, { ...options, scaleReads, scripts });
}

/** An emulator runs several functions in one process, and none may end it before all have closed. */
const open: Connection[] = [];

function closeOnSignals(connection: Connection): void {
  open.push(connection);
  if (open.length > 1) return;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, async () => {
      await Promise.all(open.map((each) => each.close()));
      // Our listener replaced the default one: when nobody else listens, the process must still end.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}

function logRefusal(log: () => Log, error: Error): void {
  log().warn("redis refused", { event: "refused", reason: reasonOf(error) });
}

/** Each event once: while a server stays away, its errors and our attempts repeat, and one line says it all. */
function logEvents(redis: Client, log: () => Log): void {
  let away = false;
  const told = new Set<string>();
  const once = (event: string, write: () => void) => {
    if (told.has(event)) return;
    told.add(event);
    write();
  };
  redis.on("connect", () => once("connect", () => log().info("redis connect", { event: "connect" })));
  redis.on("ready", () => {
    log().info("redis ready", { event: "ready", recovered: away });
    away = false;
    told.clear();
  });
  redis.on("error", (error: Error) =>
    once("error", () => log().warn("redis error", { event: "error", reason: reasonOf(error) })),
  );
  redis.on("reconnecting", (delayMs: number) => {
    away = true;
    once("reconnecting", () => log().warn("redis reconnecting", { event: "reconnecting", delayMs }));
  });
  redis.on("end", () => once("end", () => log().info("redis end", { event: "end" })));
}
