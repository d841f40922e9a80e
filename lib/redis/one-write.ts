import type { Cluster, Redis } from "ioredis";
import { nodesOf } from "./client.ts";

/**
 * Sends all commands that `issue` starts in one packet to each server, so that they take one round trip. For a handful
 * of commands on one key that is a tenth of a round trip cheaper than a pipeline, which is built anew for each use.
 */
export function inOneWrite<T>(redis: Redis | Cluster, issue: () => T): T {
  const sockets = nodesOf(redis).flatMap(({ stream }) => stream ?? []);
  for (const socket of sockets) socket.cork();
  try {
    return issue();
  } finally {
    for (const socket of sockets) socket.uncork();
  }
}
