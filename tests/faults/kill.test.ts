import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { type Answer, uniqueTenant } from "../api.ts";
import { type Composition, composeCache, expectUnavailable, until } from "../composition.ts";

const CALLERS = 50;
const SANDBOXES = 5;

let dir: string;
let server: RunningRedis;
const start = (port?: number) =>
  startRedis({ dir, appendOnly: true, config: ["appendfsync always"], ...(port && { port }) });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redigate-kill-"));
  server = await start();
});
afterAll(async () => {
  await server?.stop();
  await rm(dir, { recursive: true });
});

/** Callers that put and get without a pause until they are stopped, and what they were told. */
function createLoad(sandboxes: readonly Composition[]) {
  const answers: Answer[] = [];
  const acknowledged = new Map<string, string>();
  let running = true;

  async function caller(number: number): Promise<void> {
    const { api } = sandboxes[number % sandboxes.length] as Composition;
    for (let i = 0; running; i++) {
      const key = `caller-${number}-${i % 20}`;
      const body = `${number}:${i}`;
      acknowledged.delete(key); // until it is answered, either value may be there
      const put = await api("PUT", `/v1/cache/entries/${key}`, { body });
      if (put.status < 300) acknowledged.set(key, body);
      const get = await api("GET", `/v1/cache/entries/${key}`);
      if (put.status < 300 && get.status !== 503) expect(get.text).toBe(body);
      answers.push(put, get);
    }
  }

  const callers = Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number)));
  callers.catch(() => {}); // stop() tells
  return {
    answers,
    acknowledged,
    async stop() {
      running = false;
      await callers;
    },
  };
}

test("kill -9 under load gives only 503 in time, heals by itself, and loses nothing that was acknowledged", async () => {
  const tenant = uniqueTenant();
  const sandboxes = Array.from({ length: SANDBOXES }, () => composeCache(server.url, { tenant }));
  const load = createLoad(sandboxes);
  const served = () => load.answers.filter(({ status }) => status < 300).length;
  const refused = () => load.answers.filter(({ status }) => status === 503).length;

  await until(
    async () => served(),
    (count) => count > 5 * CALLERS,
  );
  for (let kills = 0; kills < 2; kills++) {
    const refusedBefore = refused();
    server.kill("SIGKILL");
    await server.exited;
    await until(
      async () => refused(),
      (count) => count >= refusedBefore + CALLERS,
    );
    await sleep(300);
    server = await start(server.port);
    const servedBefore = served();
    await until(
      async () => served(),
      (count) => count > servedBefore + 5 * CALLERS,
    );
  }
  await load.stop();

  for (const answer of load.answers) {
    if (answer.status >= 300 && answer.status !== 404) expectUnavailable(answer);
  }
  expect(load.acknowledged.size).toBeGreaterThan(CALLERS);
  const { api } = sandboxes[0] as Composition;
  for (const [key, body] of load.acknowledged)
    expect((await api("GET", `/v1/cache/entries/${key}`)).text).toBe(body);
  for (const { connection } of sandboxes) await connection.close();
});

test("an acknowledged write is there after kill -9 in the same moment", async () => {
  const { api, connection } = composeCache(server.url);
  for (let round = 0; round < 3; round++) {
    const path = `/v1/cache/entries/last-${round}`;
    expect((await api("PUT", path, { body: "last words", headers: { "cache-groups": '"g"' } })).status).toBe(
      201,
    );
    server.kill("SIGKILL");
    await server.exited;
    server = await start(server.port);
    const got = await until(
      () => api("GET", path),
      ({ status }) => status !== 503,
    );
    expect(got.text).toBe("last words");
  }
  await connection.close();
});

test("a restart in between does not show to a caller who comes afterwards", async () => {
  const { api, connection } = composeCache(server.url);
  const path = "/v1/cache/entries/restart";
  expect((await api("PUT", path, { body: "kept" })).status).toBe(201);
  await server.stop();
  server = await start(server.port);
  expect((await api("GET", path)).text).toBe("kept");
  await connection.close();
});
