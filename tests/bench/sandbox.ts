import { fork } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";

/** What a measuring process is told by its environment. */
export interface Sandbox {
  /** The bundle of the function. */
  readonly bundle: string;
  readonly redisUrl: string;
  readonly publicKey: string;
  /** Private JWK that signs the tokens. */
  readonly signingKey: string;
  /** Further variables of its environment. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Runs one of these scripts in a process of its own, which is to a function what a sandbox is on Lambda, and gives
 * what it reports. Its standard output, which gets a line of metrics for each request, goes to the null device.
 */
export async function measure<T>(
  script: string,
  sandbox: Sandbox,
  execArgv: readonly string[] = [],
): Promise<T> {
  const child = fork(join(import.meta.dirname, script), [sandbox.bundle], {
    execArgv: [...execArgv],
    stdio: ["ignore", openSync("/dev/null", "w"), "inherit", "ipc"],
    env: environment(sandbox),
  });
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  child.once("message", (message) => resolve(message as T));
  child.once("exit", (code) => reject(new Error(`${script} ended with ${code} before it reported`)));
  return promise;
}

/** As little as Lambda has, so that nothing on this machine changes the result. */
export function environment({
  redisUrl,
  publicKey,
  signingKey,
  settings,
}: Omit<Sandbox, "bundle">): NodeJS.ProcessEnv {
  return {
    ...settings,
    REDIS_URL: redisUrl,
    AUTH_PUBLIC_KEY: publicKey,
    SIGNING_KEY: signingKey,
    POWERTOOLS_LOG_LEVEL: "WARN",
  };
}

/** Sends the result to the process that measures, and ends this one. */
export function report(result: unknown): void {
  process.send?.(result, () => process.exit());
}
