import { inject, onTestFinished } from "vitest";
import { composeLocks, until } from "../composition.ts";
import { createCaller, type LocksCaller } from "../locks/caller.ts";
import { startTcpProxy } from "../tcp-proxy.ts";

/** Somebody who holds, and another of the same tenant behind a proxy. */
export async function startBoth(environment: Record<string, string> = {}) {
  const proxy = await startTcpProxy(inject("redisUrl"));
  const [holder, waiter] = [composeLocks(inject("redisUrl")), composeLocks(proxy.url, { environment })];
  onTestFinished(async () => {
    await Promise.all([holder.connection.close(), waiter.connection.close()]);
    await proxy.close();
  });
  const { tenant } = holder;
  return {
    proxy,
    holder: { tenant, served: holder.served, ...createCaller(holder.api) },
    waiter: {
      connection: waiter.connection,
      served: waiter.served,
      ...createCaller(waiter.apiOf(tenant)),
    },
    /** Resolves when the waiter has been told that it must wait, and does: over a second connection. */
    waits: () =>
      until(
        async () => proxy.open(),
        (open) => open === 2,
      ),
  };
}

/** Resolves when so many wait for a lock. */
export const waiting = (caller: LocksCaller, name: string, count: number) =>
  until(
    () => caller.get(name),
    ({ json }) => json.waiting === count,
  );
