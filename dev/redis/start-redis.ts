import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { endWithThisProcess } from "../end-with-this-process.ts";
import { freePort } from "../free-port.ts";
import { findEngine } from "./find-engine.ts";
import { ping } from "./ping.ts";

const READY_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 10_000;

/** What a server is started with; everything is optional. */
export interface RedisOptions {
  /** @default a free port */
  readonly port?: number;
  /** @default no password */
  readonly password?: string;
  /** Existing folder for what the server writes. @default the system's temporary folder, and nothing is written */
  readonly dir?: string;
  /** Keeps every write in an append-only file under `dir`. @default false */
  readonly appendOnly?: boolean;
  /** Further lines as in redis.conf, such as `maxmemory 1mb`. */
  readonly config?: readonly string[];
}

/** A server of our own. It ends with the process that started it, even if that is killed. */
export interface RunningRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Asks the server to write its files and end, and waits until it did. Stopping twice is fine. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the server ended, for whatever reason. Never rejects. */
  readonly exited: Promise<void>;
}

/** Starts a real server on 127.0.0.1 and resolves once it answers PING. Rejects with the server's own last words. */
export async function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const engine = await findEngine();
  if (options.port !== undefined) return launch(engine, options.port, options);
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(engine, (await freePort(0)) as number, options);
    } catch (error) {
      // Another process may take the free port before the server does.
      if (attempt === 5 || !/in use/.test((error as Error).message)) throw error;
    }
  }
}

async function launch(engine: string, port: number, options: RedisOptions): Promise<RunningRedis> {
  // Detached: Ctrl-C in a terminal must not reach the server before the functions that use it have ended.
  const server = spawn(engine, ["-"], { detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const exited = new Promise<void>((resolve) => {
    server.once("exit", () => resolve());
    server.once("error", () => resolve());
  });
  endWithThisProcess(server);
  const output = collectOutput(server);
  // The configuration goes through a pipe, so the password is not in the list of processes.
  server.stdin?.on("error", () => undefined);
  server.stdin?.end(configLines(port, options).join("\n"));

  const auth = options.password ? `:${encodeURIComponent(options.password)}@` : "";
  const redis: RunningRedis = {
    url: `redis://${auth}127.0.0.1:${port}`,
    port,
    pid: server.pid ?? 0,
    exited,
    kill: (signal) => void server.kill(signal),
    async stop() {
      server.kill("SIGTERM");
      server.kill("SIGCONT");
      const timer = setTimeout(() => server.kill("SIGKILL"), STOP_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    },
  };
  try {
    await Promise.race([
      output.saidReady,
      exited.then(endedAtOnce),
      sleep(READY_WITHIN_MS, undefined, { ref: false }).then(tooSlow),
    ]);
    await ping(redis.url);
  } catch (error) {
    await redis.stop();
    await Promise.race([output.closed, sleep(1000)]);
    throw new Error(`Redis did not start on port ${port}: ${output.lastLines() || (error as Error).message}`);
  }
  return redis;
}

function configLines(port: number, options: RedisOptions): string[] {
  return [
    "bind 127.0.0.1",
    `port ${port}`,
    `dir ${JSON.stringify(options.dir ?? tmpdir())}`,
    `appendonly ${options.appendOnly ? "yes" : "no"}`,
    'save ""',
    ...(options.password ? [`requirepass ${JSON.stringify(options.password)}`] : []),
    ...(options.config ?? []),
    "",
  ];
}

function endedAtOnce(): never {
  throw new Error("the server ended at once");
}

function tooSlow(): never {
  throw new Error(`the server was not ready within ${READY_WITHIN_MS / 1000} s`);
}

/**
 * What the server writes tells when it is ready, which an answer on its port does not: that may come from
 * another server, while this one is about to find its port taken.
 */
function collectOutput(server: ChildProcess) {
  let text = "";
  const { promise: saidReady, resolve } = Promise.withResolvers<void>();
  for (const stream of [server.stdout, server.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk) => {
      text = (text + chunk).slice(-4000);
      if (text.includes("Ready to accept connections")) resolve();
    });
  }
  return {
    saidReady,
    closed: new Promise<void>((resolve) => server.once("close", () => resolve())),
    /** Each line begins with process id, time and a mark. */
    lastLines: () =>
      text
        .split("\n")
        .map((line) => line.replace(/^\d+:\S+ .*? [#*.-] /, "").trim())
        .filter(Boolean)
        .slice(-3)
        .join(" "),
  };
}
