import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, onTestFinished, test } from "vitest";
import { composeLocks, until } from "../composition.ts";
import { createCaller, type LocksCaller } from "../locks/caller.ts";
import { startTcpProxy } from "../tcp-proxy.ts";

/** Somebody who holds, and another of the same tenant behind a proxy. */
async function startBoth() {
  const proxy = await startTcpProxy(inject("redisUrl"));
  const [holder, waiter] = [composeLocks(inject("redisUrl")), composeLocks(proxy.url)];
  onTestFinished(async () => {
    await Promise.all([holder.connection.close(), waiter.connection.close()]);
    await proxy.close();
  });
  return {
    proxy,
    holder: createCaller(holder.api),
    waiter: { connection: waiter.connection, ...createCaller(waiter.apiOf(holder.tenant)) },
  };
}

const waiting = (caller: LocksCaller, name: string, count: number) =>
  until(
    () => caller.get(name),
    ({ json }) => json.waiting === count,
  );

test("where no second connection can be had, waiting is by looking", async () => {
  const { proxy, holder, waiter } = await startBoth();
  const { token } = await holder.take("alone");
  await waiter.connection.ping();
  proxy.refuse();
  const granted = waiter.acquire("alone", { waitSeconds: 20 });
  await waiting(holder, "alone", 1);
  await sleep(500);
  await holder.release("alone", token);
  expect((await granted).status).toBe(201);
  await proxy.accept();
});

test("a connection that is cut while it blocks costs a moment, and nobody the place", async () => {
  const { proxy, holder, waiter } = await startBoth();
  const { token } = await holder.take("cut");
  const granted = waiter.acquire("cut", { waitSeconds: 20 });
  await waiting(holder, "cut", 1);
  for (let round = 0; round < 5; round++) {
    await sleep(100);
    proxy.cut();
  }
  expect((await holder.get("cut")).json.waiting).toBe(1);
  await holder.release("cut", token);
  expect((await granted).status).toBe(201);
});
