import calculateSlot from "cluster-key-slot";
import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type RunningCluster, startCluster } from "../../dev/redis/start-cluster.ts";
import { type Call, fanOut } from "../../lib/redis/fan-out.ts";
import { startLoads } from "./load.ts";
import { closeAll, startWriters, type Writer } from "./writers.ts";

const TIMEOUT_MS = 5000;

let cluster: RunningCluster;
let clients: Redis[];
let ids: string[];
let writers: Record<string, Writer>;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 });
  const [first, ...others] = cluster.nodes;
  clients = cluster.nodes.map(({ url }) => new Redis(url));
  ids = await Promise.all(clients.map(async (client) => String(await client.cluster("MYID"))));
  const nodes = others.map(({ host, port }) => `${host}:${port}`).join(",");
  // A slot is on the move for as long as this machine takes, and this process does both.
  const environment = { REDIS_MODE: "cluster", REDIS_NODES: nodes, REDIS_DEADLINE_MS: "5000" };
  writers = await startWriters(first?.url ?? "", { environment });
});
afterAll(async () => {
  if (writers) await closeAll(writers);
  for (const client of clients ?? []) client.disconnect();
  await cluster?.stop();
});

/** As `redis-cli --cluster reshard` does it: ASK while its keys move one by one, MOVED when the last has gone. */
async function moveSlot(slot: number, from: number, to: number): Promise<number> {
  const [source, target] = [clients[from], clients[to]] as [Redis, Redis];
  await target.cluster("SETSLOT", slot, "IMPORTING", ids[from] ?? "");
  await source.cluster("SETSLOT", slot, "MIGRATING", ids[to] ?? "");
  const port = cluster.nodes[to]?.port ?? 0;
  let moved = 0;
  for (;;) {
    const keys = (await source.cluster("GETKEYSINSLOT", slot, 3)) as unknown as string[];
    if (keys.length === 0) break;
    for (const key of keys) await source.migrate("127.0.0.1", port, key, 0, TIMEOUT_MS, "REPLACE");
    moved += keys.length;
  }
  const others = clients.filter((client) => client !== target && client !== source);
  for (const client of [target, source, ...others])
    await client.cluster("SETSLOT", slot, "NODE", ids[to] ?? "");
  return moved;
}

/** Slots of a node that have keys. */
async function slotsInUse(node: number, most: number): Promise<number[]> {
  const keys = new Set<string>();
  for await (const found of (clients[node] as Redis).scanStream({ count: 1000 }))
    for (const key of found as string[]) keys.add(key);
  return [...new Set([...keys].map((key) => calculateSlot(key)))].slice(0, most);
}

test("slots that move around all nodes while every feature writes refuse hardly anybody, and lose nothing", async () => {
  const loads = startLoads(writers, 2);
  await loads.served(40);
  let keys = 0;
  for (const from of [0, 1, 2]) {
    const slots = await slotsInUse(from, 25);
    for (const slot of slots) keys += await moveSlot(slot, from, (from + 1) % 3);
    await loads.served(5);
  }
  await loads.stop();
  expect(keys).toBeGreaterThan(50);
  // A busy machine may take longer to move a slot than a request can wait.
  for (const [name, { refused, acknowledged }] of Object.entries(loads.loads))
    expect(refused, name).toBeLessThan(acknowledged.length / 10);
  for (const [name, lost] of Object.entries(await loads.lost())) expect(lost, name).toEqual([]);
});

test("a slot that stays half moved for a while shows to nobody: its keys are asked for on both sides", async () => {
  const writer = writers.cache as Writer;
  const names = Array.from({ length: 200 }, (_, number) => `half-${number}`);
  for (const name of names) expect((await writer.write(name)).status).toBe(201);
  const [source, target] = [clients[0], clients[1]] as [Redis, Redis];
  const slots = await slotsInUse(0, 40);
  for (const slot of slots) {
    await target.cluster("SETSLOT", slot, "IMPORTING", ids[0] ?? "");
    await source.cluster("SETSLOT", slot, "MIGRATING", ids[1] ?? "");
    const [key] = (await source.cluster("GETKEYSINSLOT", slot, 1)) as unknown as string[];
    if (key) await source.migrate("127.0.0.1", cluster.nodes[1]?.port ?? 0, key, 0, TIMEOUT_MS);
  }
  for (const name of names) expect(await writer.isThere(name), name).toBe(true);
  const keys = names.slice(0, 100);
  const { json } = await writer.sandbox.api("POST", "/v1/cache/batch-get", { body: { keys } });
  expect(json.entries.map(({ status }: { status: string }) => status)).toEqual(keys.map(() => "hit"));
  for (const slot of slots) await moveSlot(slot, 0, 1);
});

test("several reads of a slot that is half moved find what is on either side", async () => {
  const client = new Cluster([{ host: "127.0.0.1", port: cluster.nodes[0]?.port ?? 0 }]);
  onTestFinished(() => client.disconnect());
  const names = ["{half}a", "{half}b", "{half}c"];
  for (const name of names) await client.set(name, name);
  const slot = calculateSlot("{half}");
  const owners = await Promise.all(clients.map((one) => one.cluster("COUNTKEYSINSLOT", slot)));
  const from = owners.findIndex((count) => Number(count) > 0);
  const [source, target] = [clients[from], clients[(from + 1) % 3]] as [Redis, Redis];
  const [fromId = "", toId = ""] = [ids[from], ids[(from + 1) % 3]];
  await target.cluster("SETSLOT", slot, "IMPORTING", fromId);
  await source.cluster("SETSLOT", slot, "MIGRATING", toId);
  const port = cluster.nodes[(from + 1) % 3]?.port ?? 0;
  await source.migrate("127.0.0.1", port, "{half}b", 0, TIMEOUT_MS);
  const reads = names.map(
    (name): Call =>
      (redis) =>
        redis.get(name),
  );
  expect(await fanOut(client, reads)).toEqual(names);
  await moveSlot(slot, from, (from + 1) % 3);
});
