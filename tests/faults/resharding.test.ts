import calculateSlot from "cluster-key-slot";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningCluster, startCluster } from "../../dev/redis/start-cluster.ts";
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
  const environment = { REDIS_MODE: "cluster", REDIS_NODES: nodes };
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
  for (const client of [target, source]) await client.cluster("SETSLOT", slot, "NODE", ids[to] ?? "");
  return moved;
}

/** The slots of the first node that have keys. */
async function slotsInUse(most: number): Promise<number[]> {
  const keys = new Set<string>();
  for await (const found of (clients[0] as Redis).scanStream({ count: 1000 }))
    for (const key of found as string[]) keys.add(key);
  return [...new Set([...keys].map((key) => calculateSlot(key)))].slice(0, most);
}

test("slots that move to other nodes and back while every feature writes show to nobody", async () => {
  const loads = startLoads(writers, 3);
  await loads.served(60);
  let moved = 0;
  for (let round = 0; round < 3; round++) {
    const slots = await slotsInUse(60);
    for (const slot of slots) moved += await moveSlot(slot, 0, 1 + (slot % 2));
    await loads.served(10);
    for (const slot of slots) moved += await moveSlot(slot, 1 + (slot % 2), 0);
  }
  await loads.stop();
  expect(moved).toBeGreaterThan(100);
  for (const [name, { refused }] of Object.entries(loads.loads)) expect(refused, name).toBe(0);
  for (const [name, lost] of Object.entries(await loads.lost())) expect(lost, name).toEqual([]);
});

test("a slot that stays half moved for a while shows to nobody: its keys are asked for on both sides", async () => {
  const writer = writers.cache as Writer;
  const names = Array.from({ length: 400 }, (_, number) => `half-${number}`);
  for (const name of names) expect((await writer.write(name)).status).toBe(201);
  const [source, target] = [clients[0], clients[1]] as [Redis, Redis];
  const slots = await slotsInUse(40);
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
