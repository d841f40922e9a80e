import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import { type Composition, composeCache, expectUnavailable } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

const path = "/v1/cache/entries/a";

let proxy: TcpProxy;
let sandbox: Composition;

beforeEach(async () => {
  proxy = await startTcpProxy(inject("redisUrl"));
  sandbox = composeCache(proxy.url);
});
afterEach(async () => {
  vi.useRealTimers();
  await sandbox.connection.close();
  await proxy.close();
});

/** One of each kind of round trip: pipeline, script, plain command. */
async function expectServed({ api }: Composition): Promise<void> {
  expect((await api("PUT", path, { body: "x" })).status).toBeLessThan(300);
  expect((await api("GET", path)).text).toBe("x");
  expect((await api("DELETE", path)).status).toBe(204);
}

test("a network that swallows every connection costs one deadline, and the next request after it is served", async () => {
  await sandbox.connection.ping();
  proxy.faults.ignoreNew = true;
  proxy.cut();
  const { api } = sandbox;
  const [head, ...answers] = await Promise.all([
    api("HEAD", path),
    api("GET", path),
    api("GET", path, { query: { lease: "10", wait: "1" } }),
    api("PUT", path, { body: "x", headers: { "cache-groups": '"g"' } }),
    api("DELETE", path),
    api("DELETE", "/v1/cache/groups/g"),
    api("POST", "/v1/cache/batch-get", { body: { keys: ["a", "b"] } }),
    api("POST", "/v1/cache/batch-put", { body: { entries: [{ key: "a" }] } }),
  ]);
  expect([head.status, head.text]).toEqual([503, ""]);
  for (const answer of answers) expectUnavailable(answer);
  proxy.faults.ignoreNew = false;
  await expectServed(sandbox);
});

test("a sandbox that starts in a black hole answers in time and serves once it is over", async () => {
  proxy.faults.ignoreNew = true;
  const cold = composeCache(proxy.url);
  expectUnavailable(await cold.api("GET", path));
  proxy.faults.ignoreNew = false;
  await expectServed(cold);
  await cold.connection.close();
});

test("a connection that goes dead without a word does not fail a single request", async () => {
  await expectServed(sandbox);
  proxy.blackHole();
  await expectServed(sandbox);
  expect(proxy.connections()).toBe(2);
});

test("a sandbox that was frozen for an hour with a dead socket serves its next request without waiting", async () => {
  await expectServed(sandbox);
  proxy.blackHole();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1_800_000 });
  const startedAt = performance.now();
  await expectServed(sandbox);
  expect(performance.now() - startedAt, "the dead socket was not even tried").toBeLessThan(
    sandbox.deadlineMs / 2,
  );
});

test("connections that are reset between requests show to nobody", async () => {
  for (let round = 0; round < 5; round++) {
    await expectServed(sandbox);
    proxy.cut();
  }
  await sleep(20); // the reset has arrived and the next request finds a connection that is being made
  await expectServed(sandbox);
});

test("a wait for a value outlives a cut, and ends in time when Redis goes away", async () => {
  const { api } = sandbox;
  const key = "/v1/cache/entries/waited-for";
  const lease = (await api("GET", key, { query: { lease: "30" } })).headers["cache-lease"] ?? "";
  const waiting = api("GET", key, { query: { wait: "5" } });
  await sleep(100);
  proxy.cut();
  await sleep(100);
  expect((await api("PUT", key, { body: "filled", headers: { "cache-lease": lease } })).status).toBe(201);
  expect((await waiting).text).toBe("filled");

  await api("DELETE", key);
  await api("GET", key, { query: { lease: "30" } });
  const stranded = api("GET", key, { query: { wait: "2" } });
  proxy.faults.ignoreNew = true;
  proxy.cut();
  expectUnavailable(await stranded);
});
