import { Cluster, Redis } from "ioredis";
import type { Config } from "../config.ts";
import { type Client, type Connection, createConnection } from "./connection.ts";
import { clusterOptions, HOW_TO_START, serverOptions } from "./options.ts";

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

/** A Lua script as ioredis takes it. */
export interface Script {
  readonly lua: string;
  /** Left out where it differs from call to call: it is then the first argument of the command. */
  readonly numberOfKeys?: number;
}

/**
 * Opens the function's one connection and starts connecting at once, without waiting: call it while the module
 * loads, so that the handshake overlaps the rest of a cold start. Throws `ConfigError` when no server is configured.
 * SIGTERM and SIGINT close it with QUIT.
 */
export function connect(config: Config, { log, scripts = {} }: ConnectOptions): Connection {
  const redis = createClient(config.redis, scripts);
  redis.setMaxListeners(0); // each request that waits for the connection listens for it
  logEvents(redis, log);
  redis.connect().catch(() => {}); // the error event has logged it, and a request tries again
  const connection = createConnection(redis, {
    deadlineMs: config.redis.deadlineMs,
    ...(config.invokedLocally && { adviceWhenAway: HOW_TO_START }),
  });
  closeOnSignals(connection);
  return connection;
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

function createClient(config: Config["redis"], scripts: Record<string, Script>): Client {
  if (config.mode === "standalone") return new Redis({ ...serverOptions(config), scripts });
  const { nodes, options } = clusterOptions(config);
  return new Cluster(nodes, { ...options, scripts });
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
    once("error", () => log().warn("redis error", { event: "error", reason: error.message })),
  );
  redis.on("reconnecting", (delayMs: number) => {
    away = true;
    once("reconnecting", () => log().warn("redis reconnecting", { event: "reconnecting", delayMs }));
  });
  redis.on("end", () => once("end", () => log().info("redis end", { event: "end" })));
}
