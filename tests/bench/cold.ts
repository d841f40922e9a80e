import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import type { Bundles } from "./bundles.ts";
import { environment, type Sandbox } from "./sandbox.ts";
import type { Pair } from "./statistics.ts";

const ROUNDS = 21;

/** Milliseconds to load each bundle in a new process, one beside the other in every round. */
export async function measureCold(
  { cache, ioredis }: Bundles,
  sandbox: Omit<Sandbox, "bundle">,
): Promise<Pair[]> {
  const rounds: Pair[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const pair = { subject: await load(cache.file, sandbox), baseline: await load(ioredis.file, sandbox) };
    // The first round brings the files into the memory of the machine.
    if (round >= 0) rounds.push(pair);
  }
  return rounds;
}

async function load(file: string, sandbox: Omit<Sandbox, "bundle">): Promise<number> {
  const script = `
    const startedAt = performance.now();
    await import(${JSON.stringify(pathToFileURL(file).href)});
    process.send(performance.now() - startedAt, () => process.exit());`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: environment(sandbox),
  });
  const exited = once(child, "exit");
  const [milliseconds] = await once(child, "message");
  await exited;
  return milliseconds;
}
