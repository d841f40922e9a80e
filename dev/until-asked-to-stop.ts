/**
 * Resolves on Ctrl-C, when the terminal closes, on SIGTERM, and when the npm that ran this script is gone.
 * After that a second signal is ignored, so that stopping in order is not cut short.
 */
export function untilAskedToStop(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
  // Writing to a terminal that was closed must not end the process before it has stopped the others.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => resolve());
  if (process.env.npm_lifecycle_event) {
    const npm = process.ppid;
    const timer = setInterval(() => process.ppid !== npm && resolve(), 500);
    timer.unref();
  }
  return promise;
}
