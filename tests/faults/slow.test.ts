import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { type Composition, composeCache } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

const path = "/v1/cache/entries/a";

let proxy: TcpProxy;
let sandbox: Composition;

beforeEach(async () => {
  proxy = await startTcpProxy(inject("redisUrl"));
  sandbox = composeCache(proxy.url);
  await sandbox.api("PUT", path, { body: "x", headers: { "cache-groups": '"g", "h"' } });
});
afterEach(async () => {
  proxy.faults.delayMs = 0;
  await sandbox.connection.close();
  await proxy.close();
});

test("a server that takes a fifth of the deadline for each reply serves everything", async () => {
  const { api, deadlineMs } = sandbox;
  proxy.faults.delayMs = deadlineMs / 5;
  const answers = await Promise.all([
    api("GET", path),
    api("HEAD", path),
    api("GET", path, { query: { lease: "5", wait: "1" } }),
    api("POST", "/v1/cache/batch-get", { body: { keys: ["a", "b"] } }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await api("DELETE", "/v1/cache/groups/g")).status).toBe(204);
  expect((await api("PUT", path, { body: "y", headers: { "if-none-match": "*" } })).status).toBe(201);
});

test("a server whose every reply takes longer than the deadline costs one deadline and no connection storm", async () => {
  const { api, deadlineMs } = sandbox;
  const before = proxy.connections();
  proxy.faults.delayMs = deadlineMs * 1.5;
  const startedAt = performance.now();
  expect((await api("GET", path)).status).toBe(503);
  expect(performance.now() - startedAt).toBeLessThan(deadlineMs * 1.5);
  expect(proxy.connections() - before).toBeLessThan(10);
});

test("the deadline is one for the whole request, however many round trips it takes", async () => {
  const { api, deadlineMs } = sandbox;
  // Two round trips, and two more because it meets an entry in groups that it does not name.
  proxy.faults.delayMs = deadlineMs * 0.45;
  const startedAt = performance.now();
  const answer = await api("PUT", path, {
    body: "y",
    headers: { "if-match": "*", "cache-groups": '"other"' },
  });
  expect(performance.now() - startedAt).toBeLessThan(deadlineMs * 1.4);
  expect(answer.status).toBe(503);
});
