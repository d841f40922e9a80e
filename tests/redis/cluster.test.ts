import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import {
  type Composition,
  composeCache,
  composeLeaderboards,
  expectUnavailable,
  until,
} from "../composition.ts";
import { mintToken } from "../token.ts";

const KEYS = Array.from({ length: 60 }, (_, index) => `key-${index}`);
const environment = { REDIS_MODE: "cluster" };
const path = (key: string) => `/v1/cache/entries/${key}`;

let cluster: Awaited<ReturnType<typeof startCluster>>;
let sandbox: Composition;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 });
  sandbox = composeCache(cluster.nodes[0]?.url ?? "", { environment });
});
afterAll(async () => {
  await sandbox?.connection.close();
  await cluster?.stop();
});

test("the first request of a sandbox is served, whichever node has its key", async () => {
  for (const key of KEYS.slice(0, 6)) {
    const cold = composeCache(cluster.nodes[1]?.url ?? "", { environment });
    expect((await cold.api("PUT", path(key), { body: key })).status).toBe(201);
    await cold.connection.close();
  }
});

test("a batch over all nodes is one call", async () => {
  const entries = KEYS.map((key) => ({ key, value: key }));
  const put = await sandbox.api("POST", "/v1/cache/batch-put", { body: { entries } });
  expect(new Set(put.json.results.map(({ status }: { status: string }) => status))).toEqual(
    new Set(["created"]),
  );
  const got = await sandbox.api("POST", "/v1/cache/batch-get", { body: { keys: KEYS } });
  expect(got.json.entries.map(({ value }: { value: string }) => value)).toEqual(KEYS);
});

test("a board of many partitions is spread over the nodes", async () => {
  const { api, connection } = composeLeaderboards(cluster.nodes[2]?.url ?? "", { environment });
  const board = "/v1/leaderboards/wide";
  expect((await api("PUT", board, { body: { partitions: 16, ranking: "dense" } })).status).toBe(201);
  const entries = KEYS.map((member, index) => ({ member, score: index % 7 }));
  expect((await api("POST", `${board}/scores`, { body: { entries } })).status).toBe(200);
  const { json } = await api("GET", `${board}/ranks`, { query: { limit: "60" } });
  expect(json.entries.map(({ rank }: { rank: number }) => rank)).toEqual(
    json.entries.map(({ score }: { score: number }) => 7 - score),
  );
  expect(json.entries).toHaveLength(60);
  await connection.close();
});

test("a node that is gone costs its own keys a 503 in time, and the others nothing", async () => {
  const { api, connection, deadlineMs } = composeCache(cluster.nodes[0]?.url ?? "", { environment });
  for (const key of KEYS) await api("PUT", path(key), { body: key });
  process.kill(cluster.nodes[2]?.pid ?? 0, "SIGSTOP");
  try {
    const answers = await Promise.all(KEYS.map((key) => api("GET", path(key))));
    const served = answers.filter(({ status }) => status === 200);
    for (const answer of answers) if (!served.includes(answer)) expectUnavailable(answer);
    expect(served.length).toBeGreaterThan(KEYS.length / 3);
    expect(served.length).toBeLessThan(KEYS.length);
  } finally {
    process.kill(cluster.nodes[2]?.pid ?? 0, "SIGCONT");
  }
  const all = () => Promise.all(KEYS.map((key) => api("GET", path(key))));
  await until(all, (answers) => answers.every(({ status }) => status === 200));
  expect(deadlineMs).toBe(1000);
  await connection.close();
});

test("after an hour in the freezer the next request is served, over new sockets", async () => {
  expect((await sandbox.api("GET", path("key-1"))).text).toBe("key-1");
  const trueNow = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => trueNow() + 3_600_000);
  const token = await mintToken({ tenant: sandbox.tenant, exp: Math.floor(Date.now() / 1000) + 60 });
  for (const key of KEYS.slice(0, 9)) expect((await sandbox.api("GET", path(key), { token })).text).toBe(key);
  vi.restoreAllMocks();
});
