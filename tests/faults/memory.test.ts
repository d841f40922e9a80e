import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import type { Answer, CallOptions } from "../api.ts";
import { type Composition, composeCache, until } from "../composition.ts";

const MAX_MEMORY = 5_000_000;
const path = (key: string) => `/v1/cache/entries/${key}`;

let server: RunningRedis;
let sandbox: Composition;

/** What compression cannot shrink. */
const body = randomBytes(100_000);
let stored = 0;

beforeAll(async () => {
  server = await startRedis({ config: [`maxmemory ${MAX_MEMORY}`, "maxmemory-policy noeviction"] });
  sandbox = composeCache(server.url);
  await sandbox.api("PUT", path("before"), { body: "before", headers: { "cache-groups": '"g"' } });
});
afterAll(async () => {
  await sandbox?.connection.close();
  await server?.stop();
});

function expectOutOfMemory(answer: Answer): void {
  expect(answer.status, answer.text).toBe(507);
  expect(answer.json.code).toBe("out_of_memory");
  expect(answer.text).not.toMatch(/OOM|maxmemory|script/i);
}

async function usedMemory(): Promise<number> {
  const info = await sandbox.connection.run((redis) => redis.info("memory"));
  return Number(/used_memory:(\d+)/.exec(info)?.[1]);
}

test("puts are refused with 507 as soon as the memory is full, and it does not grow further", async () => {
  const answers: Answer[] = [];
  while (answers.length < 100 && answers.at(-1)?.status !== 507) {
    answers.push(await sandbox.api("PUT", path(`filler-${stored++}`), { body }));
  }
  expectOutOfMemory(answers.at(-1) as Answer);
  expect(await usedMemory()).toBeLessThan(MAX_MEMORY * 1.2);
  // Buffers come and go, and at the very limit there is room now and then.
  await sandbox.connection.run((redis) => redis.config("SET", "maxmemory", MAX_MEMORY * 0.7));
});

test("reads and removals of what is there go on", async () => {
  const { api } = sandbox;
  expect((await api("GET", path("filler-0"))).body.equals(body)).toBe(true);
  expect((await api("HEAD", path("before"))).status).toBe(200);
  expect((await api("GET", path("before"), { query: { lease: "10", wait: "1" } })).text).toBe("before");
  expect((await api("GET", path("missing"))).json.code).toBe("cache_miss");
  const found = await api("POST", "/v1/cache/batch-get", { body: { keys: ["before"] } });
  expect(found.json.entries[0].value).toBe("before");
  expect((await api("DELETE", path("missing"))).status).toBe(204);
});

test.each<[string, string, string, CallOptions]>([
  ["a put", "PUT", path("new"), { body: "x" }],
  ["a put over an entry", "PUT", path("before"), { body }],
  ["a put with a new group", "PUT", path("new"), { body: "x", headers: { "cache-groups": '"another"' } }],
  ["a conditional put", "PUT", path("new"), { body: "x", headers: { "if-none-match": "*" } }],
])("%s is refused with 507 and changes nothing", async (_, method, target, options) => {
  expectOutOfMemory(await sandbox.api(method, target, options));
  expect((await sandbox.api("GET", path("before"))).text.slice(0, 10)).toBe("before");
  expect((await sandbox.api("GET", path("new"))).status).toBe(404);
});

test("no lease is given, and the miss is told all the same", async () => {
  const answer = await sandbox.api("GET", path("missing"), { query: { lease: "10" } });
  expect([answer.json.code, answer.headers["cache-lease"]]).toEqual(["cache_miss", undefined]);
});

test("a batch says of each entry that there was no room for it", async () => {
  const entries = [
    { key: "new", value: "x" },
    { key: "newer", value: "x", groups: ["a new one"] },
  ];
  const { json } = await sandbox.api("POST", "/v1/cache/batch-put", { body: { entries } });
  expect(json.results).toEqual(entries.map(({ key }) => ({ key, status: "out_of_memory" })));
  expect((await sandbox.api("GET", path("new"))).status).toBe(404);
});

test("an invalidation either takes effect or says that it could not", async () => {
  const { api } = sandbox;
  const invalidation = await api("DELETE", "/v1/cache/groups/g");
  const after = await api("GET", path("before"));
  if (invalidation.status === 204) expect(after.status).toBe(404);
  else expectOutOfMemory(invalidation);
});

test("after something was removed puts are served again", async () => {
  for (let i = 0; i < stored; i++) await sandbox.api("DELETE", path(`filler-${i}`));
  // UNLINK frees memory in the background.
  const put = await until(
    () => sandbox.api("PUT", path("after"), { body: "x" }),
    ({ status }) => status !== 507,
  );
  expect(put.status).toBe(201);
  expect((await sandbox.api("GET", path("after"))).text).toBe("x");
});
