import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { endWithThisProcess } from "../../dev/end-with-this-process.ts";
import type { LambdaHandler } from "../api.ts";
import { buildBundles } from "../bench/bundles.ts";

const PROGRAM = new URL("./sandbox-program.ts", import.meta.url);

const NAMES = ["cache", "sessions", "tokens", "leaderboards", "likes", "locks"] as const;

/** A function that writes. */
export type FunctionName = (typeof NAMES)[number];

/** What a sandbox has to take for true. */
export interface World {
  /** Where every name leads. */
  readonly address: string;
  /** How far its clock is ahead. */
  readonly aheadMs: number;
}

/** What the process is told; it answers each. */
export interface Call {
  readonly id: number;
  readonly call?: { readonly name: FunctionName; readonly event: unknown };
  readonly world?: World;
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  /** Measured inside. */
  readonly tookMs: number;
}

/** Functions as they are deployed, in a process of their own. Each has its connection. */
export interface SandboxProcess {
  /** For `createApi`: sends the event there, and has the answer from there. */
  handlerOf(name: FunctionName): LambdaHandler;
  /** How long each call took since this was last asked, in milliseconds. */
  takeDurations(): number[];
  /** How many calls are not answered yet. */
  underWay(): number;
  pretend(world: Partial<World>): Promise<void>;
  /** Calls wait from now on. */
  freeze(): void;
  thaw(): void;
  /** As Lambda ends it: SIGTERM. Resolves when it has ended. Ending twice is fine. */
  end(): Promise<void>;
}

/** Builds what is deployed, for any number of sandboxes. */
export async function buildSandboxes() {
  const folder = await mkdtemp(join(tmpdir(), "redigate-sandbox-"));
  const bundles = await buildBundles(folder);
  return {
    start: (names: readonly FunctionName[], environment: Record<string, string>) =>
      startSandbox(Object.fromEntries(names.map((name) => [name, bundles[name].file])), environment),
    remove: () => rm(folder, { recursive: true }),
  };
}

async function startSandbox(
  bundles: Readonly<Record<string, string>>,
  environment: Record<string, string>,
): Promise<SandboxProcess> {
  const child = fork(PROGRAM, [JSON.stringify(bundles)], {
    execArgv: ["--no-warnings"],
    detached: true, // so that a process that is stopped can be ended with this one
    stdio: ["ignore", "ignore", "inherit", "ipc"], // a line of metrics for each request goes nowhere
    env: { AUTH_PUBLIC_KEY: inject("publicKey"), POWERTOOLS_LOG_LEVEL: "SILENT", ...environment },
  });
  endWithThisProcess(child);
  const ended = once(child, "exit");
  const waiting = new Map<number, { resolve(reply: Reply): void; reject(error: Error): void }>();
  let durations: number[] = [];
  let world: World = { address: "127.0.0.1", aheadMs: 0 };
  let lastId = -1;

  child.on("message", (reply: Reply) => {
    waiting.get(reply.id)?.resolve(reply);
    waiting.delete(reply.id);
  });
  ended.then(() => waiting.forEach(({ reject }) => void reject(new Error("the sandbox has ended"))));

  function ask(call?: Omit<Call, "id">): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const id = ++lastId;
    waiting.set(id, { resolve, reject });
    if (call) child.send({ id, ...call });
    return promise;
  }

  await ask(); // says so when it is loaded
  return {
    handlerOf: (name) => async (event: unknown) => {
      const { result, tookMs } = await ask({ call: { name, event } });
      durations.push(tookMs);
      return result;
    },
    takeDurations() {
      const taken = durations;
      durations = [];
      return taken;
    },
    underWay: () => waiting.size,
    async pretend(changed) {
      world = { ...world, ...changed };
      await ask({ world });
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    async end() {
      child.kill("SIGTERM");
      child.kill("SIGCONT");
      await ended;
    },
  };
}
