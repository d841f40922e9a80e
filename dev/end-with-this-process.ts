import { type ChildProcess, spawn } from "node:child_process";

/** A shell that holds a pipe from this process: when the pipe closes, for whatever reason, it ends the child's group. */
const SCRIPT = `
read -r _
kill -s TERM -- "-$0"
kill -s CONT -- "-$0"
for second in 1 2 3 4 5; do
  sleep 1
  kill -s 0 -- "-$0" || exit
done
kill -s KILL -- "-$0"`;

/** Makes sure that a detached `child` and its own children do not outlive this process, even if it is killed with -9. */
export function endWithThisProcess(child: ChildProcess): void {
  if (!child.pid) return;
  const guard = spawn("/bin/sh", ["-c", SCRIPT, String(child.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  child.once("exit", () => guard.kill("SIGKILL"));
}
