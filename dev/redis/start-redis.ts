import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { findEngine } from "./find-engine.ts";
import { launch, onFreePort, type RunningServer } from "./launch.ts";
import { ping } from "./ping.ts";

/** What a server is started with; everything is optional. */
export interface RedisOptions {
  /** @default a free port */
  readonly port?: number;
  /** @default no password */
  readonly password?: string;
  /** Who has the password and may do everything. @default the user without a name, who is off if there is another */
  readonly username?: string;
  /** Files in PEM; with them the server speaks TLS and nothing else. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  /** Existing folder for what the server writes. @default the system's temporary folder, and nothing is written */
  readonly dir?: string;
  /** Keeps every write in an append-only file under `dir`. @default false */
  readonly appendOnly?: boolean;
  /** Further lines as in redis.conf, such as `maxmemory 1mb`. */
  readonly config?: readonly string[];
}

/** A server of our own. It ends with the process that started it, even if that is killed. */
export interface RunningRedis extends RunningServer {
  readonly url: string;
  readonly port: number;
}

/** Starts a real server on 127.0.0.1 and resolves once it answers PING. Rejects with the server's own last words. */
export async function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const engine = await findEngine();
  if (options.port !== undefined) return startOn(options.port, engine, options);
  return onFreePort((port) => startOn(port, engine, options));
}

async function startOn(port: number, engine: string, options: RedisOptions): Promise<RunningRedis> {
  const { username = "", password = "", tls } = options;
  const access = password && `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  const url = tls ? `rediss://${access}localhost:${port}` : `redis://${access}127.0.0.1:${port}`;
  const ca = tls && (await readFile(tls.ca, "utf8"));
  const server = await launch(engine, {
    port,
    // The configuration goes through a pipe, so the password is not in the list of processes.
    words: ["-"],
    input: configLines(port, options).join("\n"),
    readyWords: "Ready to accept connections",
    check: () => ping(url, ca),
  });
  return { ...server, url, port };
}

function configLines(port: number, options: RedisOptions): string[] {
  const { dir = tmpdir(), password, username, tls, config = [] } = options;
  return [
    "bind 127.0.0.1",
    tls ? "port 0" : `port ${port}`,
    `dir ${JSON.stringify(dir)}`,
    `appendonly ${options.appendOnly ? "yes" : "no"}`,
    'save ""',
    // A replica writes down what its primary sends, and whoever starts next would load that as its own.
    ...(options.dir ? [] : [`dbfilename redigate-${port}.rdb`, "rdb-del-sync-files yes"]),
    ...(password ? accessLines(password, username) : []),
    ...(tls ? tlsLines(port, tls) : []),
    ...config,
    "",
  ];
}

function accessLines(password: string, username: string | undefined): string[] {
  if (!username) return [`requirepass ${JSON.stringify(password)}`];
  return ["user default off", `user ${username} on ${JSON.stringify(`>${password}`)} ~* &* +@all`];
}

function tlsLines(port: number, { cert, key, ca }: NonNullable<RedisOptions["tls"]>): string[] {
  const files = { "tls-cert-file": cert, "tls-key-file": key, "tls-ca-cert-file": ca };
  const lines = Object.entries(files).map(([name, file]) => `${name} ${JSON.stringify(file)}`);
  return [`tls-port ${port}`, "tls-auth-clients no", ...lines];
}
