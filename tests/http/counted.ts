import { inject } from "vitest";
import type { Composition, CompositionOptions } from "../composition.ts";
import { startTcpProxy } from "../tcp-proxy.ts";

/** A sandbox whose round trips to Redis are counted, and another of the same tenant whose are not. Both are warm. */
export async function startCounting<T>(
  compose: (redisUrl: string, options?: CompositionOptions) => Composition<T>,
  environment: Record<string, string> = {},
) {
  const proxy = await startTcpProxy(inject("redisUrl"));
  const sandbox = compose(proxy.url, { environment });
  await sandbox.connection.ping();
  const other = compose(inject("redisUrl"), { tenant: sandbox.tenant });
  return {
    api: sandbox.api,
    uncounted: other.api,
    /** The status, and the round trips that it took. */
    async roundTrips(call: Promise<{ status: number }>): Promise<[status: number, trips: number]> {
      const before = proxy.roundTrips();
      const { status } = await call;
      return [status, proxy.roundTrips() - before];
    },
    async close(): Promise<void> {
      await sandbox.connection.close();
      await other.connection.close();
      await proxy.close();
    },
  };
}
