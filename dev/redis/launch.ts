import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { endWithThisProcess } from "../end-with-this-process.ts";
import { freePort } from "../free-port.ts";

const READY_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 10_000;
const PORTS_TRIED = 5;

/** A process of our own. It ends with the one that started it, even if that is killed. */
export interface RunningServer {
  readonly pid: number;
  /** Asks the server to write its files and end, and waits until it did. Stopping twice is fine. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the server ended, for whatever reason. Never rejects. */
  readonly exited: Promise<void>;
}

export interface LaunchOptions {
  readonly port: number;
  readonly words: readonly string[];
  /** What the server reads from its standard input. */
  readonly input?: string;
  /** What the server writes when it is ready. */
  readonly readyWords: string;
  /** Rejects unless the server answers. */
  readonly check: () => Promise<void>;
}

/** Starts a server and resolves once it answers. Rejects with the server's own last words. */
export async function launch(engine: string, options: LaunchOptions): Promise<RunningServer> {
  // Detached: Ctrl-C in a terminal must not reach the server before the functions that use it have ended.
  const server = spawn(engine, options.words, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const exited = new Promise<void>((resolve) => {
    server.once("exit", () => resolve());
    server.once("error", () => resolve());
  });
  endWithThisProcess(server);
  const output = collectOutput(server, options.readyWords);
  server.stdin?.on("error", () => undefined);
  server.stdin?.end(options.input);

  const stop = async () => {
    server.kill("SIGTERM");
    server.kill("SIGCONT");
    const timer = setTimeout(() => server.kill("SIGKILL"), STOP_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  };
  try {
    await Promise.race([
      output.saidReady,
      exited.then(endedAtOnce),
      sleep(READY_WITHIN_MS, undefined, { ref: false }).then(tooSlow),
    ]);
    await options.check();
  } catch (error) {
    await stop();
    await Promise.race([output.closed, sleep(1000)]);
    const reason = output.lastLines() || (error as Error).message;
    throw new Error(`Redis did not start on port ${options.port}: ${reason}`);
  }
  return { pid: server.pid ?? 0, exited, kill: (signal) => void server.kill(signal), stop };
}

/** Starts a server on a port that was free a moment ago, and on others if another process was faster. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start((await freePort(0)) as number);
    } catch (error) {
      if (attempt === PORTS_TRIED || !/in use/.test((error as Error).message)) throw error;
    }
  }
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
function collectOutput(server: ChildProcess, readyWords: string) {
  let text = "";
  const { promise: saidReady, resolve } = Promise.withResolvers<void>();
  for (const stream of [server.stdout, server.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk) => {
      text = (text + chunk).slice(-4000);
      if (text.includes(readyWords)) resolve();
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
