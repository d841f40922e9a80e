import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { endWithThisProcess } from "./end-with-this-process.ts";
import { freePort } from "./free-port.ts";
import { projectDir } from "./paths.ts";

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 6000;

/** What the emulator says about itself, and metrics, which only a log collector wants to read. */
const NOISE =
  /^\s*$|^ [┌│└]|^Starting Offline|^Offline \[|^Function names|^ {3}\* \w+: |^Scheduling |^Server ready|^\(λ: |\(λ: \w+\)$|^\{"_aws"/;

/** API Gateway and Lambda, emulated on this machine. */
export interface OfflineServer {
  readonly url: string;
  /** Resolves when the emulator ended, for whatever reason. Never rejects. */
  readonly gone: Promise<void>;
  stop(): Promise<void>;
}

/** Serves all functions on `httpPort`; resolves when /v1/health answers. Rejects with what the emulator said last. */
export async function startOfflineServer(
  httpPort: number,
  environment: Record<string, string>,
): Promise<OfflineServer> {
  // A folder per port, so that packaging or a second start cannot take the bundles of this one away.
  const buildDir = join(".redigate", "build", String(httpPort));
  const clearBuild = () => rm(join(projectDir, buildDir), { recursive: true, force: true });
  await clearBuild();
  const lambdaPort = (await freePort(httpPort < 65_534 ? httpPort + 2 : 0)) ?? (await freePort(0));
  const sls = join(projectDir, "node_modules", ".bin", "sls");
  const bytesHook = pathToFileURL(join(projectDir, "dev", "emulator-bytes.mjs")).href;
  const ports = ["--httpPort", String(httpPort), "--lambdaPort", String(lambdaPort)];
  const child = spawn(process.execPath, ["--import", bytesHook, sls, "offline", ...ports, "--noSponsor"], {
    cwd: projectDir,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      // Functions that call functions reach the emulator, and never an account in the cloud.
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${lambdaPort}`,
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      RAW_PATH_DECODED: "false",
      REDIGATE_BUILD_DIR: buildDir,
      ...environment,
    },
  });
  endWithThisProcess(child);
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const output = forwardOutput(child);
  const server: OfflineServer = {
    url: `http://127.0.0.1:${httpPort}`,
    gone,
    async stop() {
      signalGroup(child, "SIGTERM");
      const timer = setTimeout(() => signalGroup(child, "SIGKILL"), STOP_WITHIN_MS);
      await gone;
      clearTimeout(timer);
      await clearBuild();
    },
  };
  try {
    await untilHealthy(server);
  } catch (error) {
    await server.stop();
    throw new Error(`${(error as Error).message}\n${output.lastLines()}`);
  }
  output.show();
  return server;
}

async function untilHealthy({ url, gone }: OfflineServer): Promise<void> {
  let running = true;
  void gone.then(() => {
    running = false;
  });
  const deadline = Date.now() + READY_WITHIN_MS;
  let answer = "no answer";
  while (running && Date.now() < deadline) {
    try {
      const response = await fetch(`${url}/v1/health`, { signal: AbortSignal.timeout(5000) });
      answer = `${response.status} ${await response.text()}`;
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    await sleep(100);
  }
  if (!running) throw new Error("The API emulator ended while it was starting:");
  throw new Error(`GET ${url}/v1/health did not succeed within ${READY_WITHIN_MS / 1000} s (${answer}):`);
}

/** Holds the output back until it is shown; then only what is not noise goes through. */
function forwardOutput(child: ChildProcess) {
  const held: string[] = [];
  let shown = false;
  for (const [stream, target] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (line) => {
      if (NOISE.test(line)) return;
      if (shown) target.write(`${line}\n`);
      else held.push(line);
    });
  }
  return {
    lastLines: () => held.slice(-20).join("\n"),
    show() {
      shown = true;
    },
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch {
    // The group has ended already.
  }
}
