import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type RunningCluster, startCluster } from "../../dev/redis/start-cluster.ts";
import { composeCache } from "../composition.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { mintToken } from "../token.ts";

const IDLE_MS = 120_000;
const path = "/v1/cache/entries/a";

let before: RunningCluster;
let after: RunningCluster;

beforeEach(async () => {
  [before, after] = await Promise.all([startCluster({ nodes: 3 }), startCluster({ nodes: 1 })]);
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cluster of [before, after]) await cluster?.stop();
});

/** Of one name, which leads to a node of the first cluster. */
async function start() {
  const proxy = await startTcpProxy(before.nodes[0]?.url ?? "");
  onTestFinished(() => proxy.close());
  const made = composeCache(proxy.url, { environment: { REDIS_MODE: "cluster" } });
  onTestFinished(() => made.connection.close());
  const token = await mintToken({ tenant: made.tenant, exp: Math.floor((Date.now() + 2 * IDLE_MS) / 1000) });
  return { ...made, proxy, get: () => made.api("GET", path, { token }) };
}

test("a cluster that moved while the sandbox was idle is found by the next request", async () => {
  const { get, proxy } = await start();
  // One key: the other nodes are known, and were never connected to.
  expect((await get()).status).toBe(404);
  for (const node of before.nodes) node.kill("SIGSTOP");
  proxy.leadTo(after.nodes[0]?.url ?? "");
  const now = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => now() + IDLE_MS);
  for (let count = 0; count < 3; count++) expect((await get()).status).toBe(404);
});
