import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, inject, onTestFinished, test } from "vitest";
import { LockLost, withLock } from "../../lib/locks/with-lock.ts";
import { uniqueTenant } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { createCaller } from "../locks/caller.ts";
import { checkLockHistory } from "../properties/locks-history.ts";
import { createHasty, plan, runPlan } from "../properties/locks-runs.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { startUnevicting } from "./full-redis.ts";
import { startBoth, waiting } from "./locks-proxied.ts";

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

test("a release between a look and the wait that follows is not missed", async () => {
  const { proxy, holder, waiter } = await startBoth({
    REDIS_DEADLINE_MS: "8000",
    LOCKS_HEARTBEAT_SECONDS: "60",
  });
  const delays: number[] = [];
  proxy.faults.delayMs = 100;
  for (let round = 0; round < 3; round++) {
    const { token } = await holder.take("between");
    const granted = waiter.acquire("between", { waitSeconds: 20 });
    await waiting(holder, "between", 1); // and its reply is still on its way
    await holder.release("between", token);
    const releasedAt = performance.now();
    const { json } = await granted;
    delays.push(performance.now() - releasedAt);
    await holder.release("between", json.token);
  }
  // Some replies, and not also the two seconds until it would look anyway.
  expect(Math.min(...delays), delays.map(Math.round).join(" ")).toBeLessThan(1500);
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

test("callers get what was promised over connections that are slow, are cut, and lose replies", async () => {
  const proxies = await Promise.all([1, 2, 3].map(() => startTcpProxy(inject("redisUrl"))));
  const connections = proxies.map(
    ({ url }) => composeLocks(url, { environment: { REDIS_DEADLINE_MS: "8000" } }).connection,
  );
  onTestFinished(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });
  const [slow, cut, lossy] = proxies;
  if (slow) slow.faults.delayMs = 7;
  const faults = setInterval(() => {
    cut?.cut();
    lossy?.loseReply(1 + Math.floor(Math.random() * 5));
  }, 50);
  onTestFinished(() => clearInterval(faults));
  const sandboxes = connections.map(createHasty);
  const plans = fc.sample(plan, 300);
  const next = async () => {
    for (let one = plans.pop(); one; one = plans.pop()) {
      const { events, promised } = await runPlan(one, sandboxes);
      checkLockHistory(events, { ...promised, lossy: true });
    }
  };
  await Promise.all(Array.from({ length: 20 }, next));
  expect(cut?.connections(), "connections were really cut").toBeGreaterThan(10);
});

test("work under a lock is told in time that Redis is away, and the lock is free when it is back", async () => {
  const { proxy, holder, waiter } = await startBoth();
  const tenant = uniqueTenant();
  const locks = composeLocks(proxy.url);
  onTestFinished(() => locks.connection.close());
  let tookMs = 0;
  const losing = withLock(
    locks.served,
    { group: "g", rest: "" },
    { tenant, ttlMs: 2000 },
    async ({ signal }) => {
      proxy.faults.ignoreNew = true;
      proxy.blackHole();
      const startedAt = performance.now();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      tookMs = performance.now() - startedAt;
      proxy.faults.ignoreNew = false;
      proxy.cut();
    },
  );
  await expect(losing).rejects.toThrow(LockLost);
  expect(tookMs).toBeLessThan(3000);
  await waiter.take("still served");
  expect((await holder.get("still served")).json.holding).toBe(1);
});

test("on a full Redis no lock is granted, and those that are held can be extended and given up", async () => {
  const server = await startUnevicting();
  const sandbox = composeLocks(server.url);
  onTestFinished(async () => {
    await sandbox.connection.close();
    await server.stop();
  });
  const { take, queueUp, acquire, extend, release, get } = createCaller(sandbox.api);
  const { token, expiresAt } = await take("held");
  const ticket = await queueUp("held");
  await take("expired", { ttlSeconds: 1 });
  await sleep(1050);
  const limit = (bytes: number) => sandbox.connection.run((redis) => redis.config("SET", "maxmemory", bytes));
  await limit(1);
  for (const name of ["new", "expired"]) expect((await acquire(name)).status).toBe(507);
  expect((await get("held")).json.holding).toBe(1);
  const extended = await extend("held", token, 300);
  expect(Date.parse(extended.json.expiresAt) - Date.parse(expiresAt)).toBeGreaterThan(250_000);
  expect((await get("held")).json.holders).toMatchObject([{ expiresAt: extended.json.expiresAt }]);
  expect((await release("held", token)).status).toBe(204);
  expect((await release("held", ticket)).status).toBe(204);
  await limit(0);
  expect((await get("held")).json).toMatchObject({ holding: 0, waiting: 0 });
  await take("new");
});
