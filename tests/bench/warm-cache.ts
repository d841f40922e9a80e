import { randomBytes, randomUUID } from "node:crypto";
import { bareClient, compare, type Job, type Rounds } from "./compare.ts";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { report } from "./sandbox.ts";

const SMALL = JSON.stringify({
  id: 4711,
  name: "a value as caches have it",
  tags: ["a", "b"],
  text: "x".repeat(400),
});

const tenant = `bench-${randomUUID()}`;
const token = await mintToken(tenant);
const handler = await loadHandler();
const redis = await bareClient();

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

const result: Rounds = {
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
