import { randomBytes, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { readConfig } from "../../lib/config.ts";
import { connect } from "../../lib/redis/connect.ts";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { report } from "./sandbox.ts";
import { median, type Pair } from "./statistics.ts";

/** Rounds of each comparison, by its name; microseconds. */
export type WarmResult = Record<string, readonly Pair[]>;

const ROUNDS = 5;
const BLOCKS = 10;
const SMALL = JSON.stringify({
  id: 4711,
  name: "a value as caches have it",
  tags: ["a", "b"],
  text: "x".repeat(400),
});

type Job = () => Promise<unknown>;

const tenant = `bench-${randomUUID()}`;
const token = await mintToken(tenant);
const handler = await loadHandler();
const redis = await bareClient();

/** ioredis as the function has it, with the same settings. */
async function bareClient(): Promise<Redis> {
  const log = { info() {}, warn() {} };
  const holder: { redis?: Redis } = {};
  await connect(readConfig(), { log: () => log }).run(async (client) => {
    holder.redis = client;
    await client.ping();
  });
  if (!holder.redis) throw new Error("There is no connection");
  return holder.redis;
}

async function microseconds(job: Job): Promise<number> {
  const startedAt = performance.now();
  await job();
  return (performance.now() - startedAt) * 1000;
}

/** One after the other, as a sandbox gets its requests; subject and baseline take turns in blocks. */
async function compare(subject: Job, baseline: Job, perBlock: number): Promise<Pair[]> {
  const rounds: Pair[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const times = { subject: [] as number[], baseline: [] as number[] };
    for (let block = 0; block < BLOCKS; block++) {
      for (let turn = 0; turn < perBlock; turn++) times.subject.push(await microseconds(subject));
      for (let turn = 0; turn < perBlock; turn++) times.baseline.push(await microseconds(baseline));
    }
    // The first round is for the compiler.
    if (round >= 0) rounds.push({ subject: median(times.subject), baseline: median(times.baseline) });
  }
  return rounds;
}

async function put(key: string, body: Buffer | string): Promise<void> {
  await call(handler, eventFor("PUT", `/v1/cache/entries/${key}`, { body, token }), 201);
  await redis.set(`${tenant}:bare:${key}`, body, "PX", 600_000);
}

function entry(key: string, query?: Record<string, string>): Job {
  const event = eventFor("GET", `/v1/cache/entries/${key}`, { token, ...(query && { query }) });
  return () => call(handler, event, 200);
}

const bare = (key: string) => `${tenant}:bare:${key}`;
const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
const sizes = { "100 KiB": 102_400, "1 MiB": 1_048_576 };
for (const key of ["small", ...keys]) await put(key, SMALL);
for (const [name, bytes] of Object.entries(sizes)) await put(encodeURIComponent(name), randomBytes(bytes));

const putEvent = eventFor("PUT", "/v1/cache/entries/put", { body: SMALL, token });
await call(handler, putEvent, 201);
const batchEvent = eventFor("POST", "/v1/cache/batch-get", {
  body: JSON.stringify({ keys }),
  headers: { "content-type": "application/json" },
  token,
});
const bareKeys = keys.map(bare);

const result: WarmResult = {
  GET: await compare(entry("small"), () => redis.get(bare("small")), 100),
  PUT: await compare(
    () => call(handler, putEvent, 204),
    () => redis.set(bare("put"), SMALL, "PX", 300_000),
    40,
  ),
  "GET with lease": await compare(entry("small", { lease: "10" }), () => redis.get(bare("small")), 40),
  "batch-get of 100": await compare(
    () => call(handler, batchEvent, 200),
    () => redis.mget(bareKeys),
    10,
  ),
  "GET of 100 KiB": await compare(entry("100%20KiB"), () => redis.getBuffer(bare("100%20KiB")), 10),
  "GET of 1 MiB": await compare(entry("1%20MiB"), () => redis.getBuffer(bare("1%20MiB")), 3),
};
report(result);
