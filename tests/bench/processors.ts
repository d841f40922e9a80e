import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Part of util-linux. */
const PIN = "taskset";
/** Once this process is kept from some, it no longer counts them. */
const PROCESSORS = availableParallelism();

/**
 * Gives the servers a processor of their own, as if they ran elsewhere, and the others to this process and its children.
 * Sharing one makes a round trip three times as fast or not, from run to run. Returns whether the machine can do it.
 */
export function keepApart(...serverPids: readonly number[]): boolean {
  const last = PROCESSORS - 1;
  if (last < 1) return false;
  const pin = (pid: number, list: string) =>
    execFileSync(PIN, ["-a", "-p", "-c", list, String(pid)], { stdio: "ignore" });
  try {
    for (const pid of serverPids) pin(pid, String(last));
    pin(process.pid, `0-${last - 1}`);
    return true;
  } catch {
    return false;
  }
}
