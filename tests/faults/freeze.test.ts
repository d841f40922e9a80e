import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { type Composition, composeCache, expectUnavailable, until } from "../composition.ts";

const path = (key: string) => `/v1/cache/entries/${key}`;

let server: RunningRedis;
let sandbox: Composition;

beforeAll(async () => {
  server = await startRedis();
  sandbox = composeCache(server.url);
  await sandbox.api("PUT", path("kept"), { body: "kept" });
});
afterEach(() => server.kill("SIGCONT"));
afterAll(async () => {
  await sandbox?.connection.close();
  await server?.stop();
});

const recovers = () =>
  until(
    () => sandbox.api("GET", path("kept")),
    ({ status }) => status !== 503,
  );

test("a server that is frozen past the deadline costs 503 in time, and is served from again once it thaws", async () => {
  server.kill("SIGSTOP");
  expectUnavailable(await sandbox.api("GET", path("kept")));
  expectUnavailable(await sandbox.api("PUT", path("frozen"), { body: "x" }));
  server.kill("SIGCONT");
  expect((await recovers()).text).toBe("kept");
});

test("many callers of a frozen server are all answered within one deadline", async () => {
  server.kill("SIGSTOP");
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => sandbox.api("GET", path(`key-${i}`))),
  );
  for (const answer of answers) expectUnavailable(answer);
  server.kill("SIGCONT");
  await recovers();
});

test("a pause shorter than the deadline fails nobody", async () => {
  const answering = sandbox.api("GET", path("kept"));
  server.kill("SIGSTOP");
  await sleep(sandbox.deadlineMs * 0.3);
  server.kill("SIGCONT");
  expect((await answering).text).toBe("kept");
  expect((await sandbox.api("PUT", path("short"), { body: "x" })).status).toBe(201);
});

test("CLIENT PAUSE of writes: reads go on, writes get 503 in time, and happen again after UNPAUSE", async () => {
  const admin = composeCache(server.url);
  await admin.connection.run((redis) => redis.call("CLIENT", "PAUSE", "60000", "WRITE"));
  expectUnavailable(await sandbox.api("DELETE", path("missing")));
  expect((await sandbox.api("GET", path("kept"))).text).toBe("kept");
  await admin.connection.run((redis) => redis.call("CLIENT", "UNPAUSE"));
  const put = await until(
    () => sandbox.api("PUT", path("unpaused"), { body: "x" }),
    ({ status }) => status !== 503,
  );
  expect(put.status).toBeLessThan(300);
  await admin.connection.close();
});
