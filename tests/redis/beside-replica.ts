import { onTestFinished } from "vitest";
import { uniqueTenant } from "../api.ts";
import { type Composition, composeCache, composeLeaderboards, composeLikes } from "../composition.ts";
import { createCaller } from "../leaderboards/caller.ts";
import { createCaller as createLikesCaller } from "../likes/caller.ts";
import { startReplicatedPair } from "./replicated-pair.ts";

export const eventual = { consistency: "eventual" };
export const path = (key: string) => `/v1/cache/entries/${key}`;

/** Functions beside a primary and its replica; all of one tenant. They end with the test that starts them. */
export async function startBesideReplica() {
  const pair = await startReplicatedPair();
  const tenant = uniqueTenant();
  const primaryUrl = pair.primary.server.url;

  function settings(replicaUrl = pair.replica.server.url) {
    return { tenant, environment: { REDIS_REPLICA_URL: replicaUrl } };
  }

  function startCache(replicaUrl?: string): Composition {
    const sandbox = composeCache(primaryUrl, settings(replicaUrl));
    onTestFinished(() => sandbox.connection.close());
    return sandbox;
  }

  return {
    ...pair,
    primaryUrl,
    settings,
    startCache,
    startLeaderboards() {
      const sandbox = composeLeaderboards(primaryUrl, settings());
      onTestFinished(() => sandbox.connection.close());
      return { ...sandbox, ...createCaller(sandbox.api) };
    },
    startLikes() {
      const sandbox = composeLikes(primaryUrl, settings());
      onTestFinished(() => sandbox.connection.close());
      return { ...sandbox, ...createLikesCaller(sandbox.api) };
    },
    /** Text that is `old` on the replica and `new` on the primary. */
    async writeTwice(key: string): Promise<void> {
      const { api } = startCache("");
      await api("PUT", path(key), { body: "old" });
      await pair.catchUp();
      await pair.holdBack();
      await api("PUT", path(key), { body: "new" });
    },
  };
}
