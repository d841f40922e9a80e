import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { readToken } from "../../lib/locks/fields.ts";
import { withLock } from "../../lib/locks/with-lock.ts";
import { composeLocks, expectUnavailable, until } from "../composition.ts";
import { createCaller } from "../locks/caller.ts";
import type { TcpProxy } from "../tcp-proxy.ts";
import { startUnevicting } from "./full-redis.ts";
import { startBoth, waiting } from "./locks-proxied.ts";

/** Places are not dropped while somebody is away. */
const PATIENT = { LOCKS_HEARTBEAT_SECONDS: "60" };

/** How Redis goes away, and comes back. */
const OUTAGES: Readonly<Record<string, { begin(proxy: TcpProxy): void; end(proxy: TcpProxy): unknown }>> = {
  "refuses whoever connects": {
    begin(proxy) {
      proxy.refuse();
      proxy.cut();
    },
    end: (proxy) => proxy.accept(),
  },
  "is silent": {
    begin(proxy) {
      proxy.faults.ignoreNew = true;
      proxy.blackHole();
    },
    end(proxy) {
      proxy.faults.ignoreNew = false;
      proxy.cut();
    },
  },
};

test.each(Object.entries(OUTAGES))("who waits while Redis %s goes on waiting", async (_, outage) => {
  const { proxy, holder, waiter, waits } = await startBoth(PATIENT);
  const { token, fencingToken } = await holder.take("away");
  const granted = waiter.acquire("away", { waitSeconds: 20 });
  await waits();
  outage.begin(proxy);
  await sleep(2000); // and many a look fails
  await outage.end(proxy);
  expect((await holder.get("away")).json.waiting).toBe(1);
  await holder.release("away", token);
  expect((await granted).json).toMatchObject({ fencingToken: fencingToken + 1 });
});

test.each(Object.entries(OUTAGES))(
  "who has waited in vain while Redis %s has a ticket in time, and it keeps the place",
  async (_, outage) => {
    // A connection that is silent while it blocks is taken for dead after three seconds.
    const environment = { ...PATIENT, REDIS_DEADLINE_MS: "6000" };
    const { proxy, holder, waiter, waits } = await startBoth(environment);
    await holder.take("vain", { owner: "holder" });
    const answer = waiter.acquire("vain", { waitSeconds: 1 });
    await waits();
    outage.begin(proxy);
    const { json } = await answer;
    expect(json).toMatchObject({ code: "lock_held", position: 1, owner: "holder" });
    await outage.end(proxy);
    await holder.queueUp("vain");
    const back = await until(
      () => waiter.acquire("vain", { ticket: json.ticket }),
      ({ status }) => status !== 503,
    );
    expect(back.json).toMatchObject({ code: "lock_held", position: 1 });
  },
);

test("a call with a key goes on waiting though Redis was away until its place was over", async () => {
  const { proxy, holder, waiter, waits } = await startBoth({ LOCKS_HEARTBEAT_SECONDS: "2" });
  const { token } = await holder.take("lapsed");
  const key = { "idempotency-key": '"lapsed"' };
  const answer = waiter.acquire("lapsed", { waitSeconds: 20 }, key);
  await waits();
  proxy.refuse();
  proxy.cut();
  await until(
    () => holder.get("lapsed"),
    ({ json }) => json.waiting === 0,
  );
  await proxy.accept();
  await waiting(holder, "lapsed", 1);
  await holder.release("lapsed", token);
  const granted = await answer;
  expect(granted.status).toBe(201);
  expect((await waiter.acquire("lapsed", { waitSeconds: 20 }, key)).json).toEqual(granted.json);
});

test("a ticket gets what was granted while no reply came through", async () => {
  const { proxy, holder, waiter, waits } = await startBoth(PATIENT);
  const { token, fencingToken } = await holder.take("unheard");
  const answer = waiter.acquire("unheard", { waitSeconds: 3 });
  await waits();
  proxy.faults.swallowReplies = true;
  await holder.release("unheard", token);
  const { json } = await answer;
  expect(json.code).toBe("lock_held");
  const { fencingToken: unheard, holders } = (await holder.get("unheard")).json;
  expect([unheard, holders.length]).toEqual([fencingToken + 1, 1]);
  const again = await holder.acquire("unheard", { ticket: json.ticket });
  expect(again.json).toEqual({ token: json.ticket, fencingToken: unheard, expiresAt: holders[0].expiresAt });
});

test("who has had no reply at all is told that Redis is away, and does not wait for it", async () => {
  const { proxy, waiter } = await startBoth();
  proxy.faults.swallowReplies = true;
  const startedAt = performance.now();
  expectUnavailable(await waiter.acquire("none", { waitSeconds: 20 }));
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test("who waits goes on waiting while Redis is full, without asking all the time", async () => {
  const server = await startUnevicting();
  const sandbox = composeLocks(server.url, { environment: PATIENT });
  onTestFinished(async () => {
    await sandbox.connection.close();
    await server.stop();
  });
  const caller = createCaller(sandbox.api);
  const { token } = await caller.take("full");
  const granted = caller.acquire("full", { waitSeconds: 20 });
  await waiting(caller, "full", 1);
  const ticket = await caller.queueUp("full");
  const limit = (bytes: number) => sandbox.connection.run((redis) => redis.config("SET", "maxmemory", bytes));
  const calls = async () => {
    const info = await sandbox.connection.run((redis) => redis.info("commandstats"));
    return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(info)?.[1]);
  };
  await limit(1);
  await caller.release("full", ticket); // and it is woken by that whenever it waits again
  const [before, startedAt] = [await calls(), performance.now()];
  await sleep(1000);
  const looks = (await calls()) - before;
  expect(looks, "it still looks").toBeGreaterThan(0);
  expect(looks).toBeLessThan((performance.now() - startedAt) / 20);
  await limit(0);
  await caller.release("full", token);
  expect((await granted).status).toBe(201);
});

test("work that has waited in vain for its lock is not done, and does not fail", async () => {
  const { proxy, holder, waiter, waits } = await startBoth(PATIENT);
  const name = { group: "work", rest: "" };
  await holder.take("work", { owner: "holder" });
  const options = { tenant: holder.tenant, ttlMs: 10_000, waitMs: 1500 };
  const outcome = withLock(waiter.served, name, options, async () => "done");
  await waits();
  proxy.refuse();
  proxy.cut();
  expect(await outcome).toEqual({ state: "held", owner: "holder" });
  await proxy.accept();
});

test("how long a grant is held is known, whatever went unheard", async () => {
  const { proxy, holder, waiter, waits } = await startBoth(PATIENT);
  const name = { group: "since", rest: "" };
  const { token } = await holder.take("since");
  const wanted = { names: [name], exclusive: true, ttlMs: 60_000, waitMs: 20_000 };
  const found = waiter.served.acquire(holder.tenant, wanted);
  await waits();
  proxy.faults.swallowReplies = true;
  await holder.release("since", token);
  await until(
    () => holder.get("since"),
    ({ json }) => json.holding === 1,
  );
  const grantedBy = performance.now();
  await sleep(1500);
  proxy.faults.swallowReplies = false;
  proxy.cut();
  const granted = await found;
  if (granted.state !== "granted") throw new Error(granted.state);
  expect(performance.now() + granted.leftMs).toBeLessThan(grantedBy + 60_000);
  expect(granted.leftMs).toBeGreaterThan(30_000);
  expect(await holder.served.release(holder.tenant, name, readToken(granted.token))).toBe(true);
});
