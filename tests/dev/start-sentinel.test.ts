import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type RunningSentinel, startSentinel } from "../../dev/redis/start-sentinel.ts";
import { composeCache, until } from "../composition.ts";

const PASSWORD = 'p@ss "w rd';
const path = "/v1/cache/entries/a";
const cleanups: (() => Promise<unknown>)[] = [];
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redigate-start-sentinel-"));
  vi.stubEnv("TMPDIR", dir);
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

function composeOn({ sentinels, name }: RunningSentinel) {
  const [first, ...others] = sentinels;
  return composeCache(`redis://:${encodeURIComponent(PASSWORD)}@${first?.host}:${first?.port}`, {
    environment: {
      REDIS_MODE: "sentinel",
      REDIS_NODES: others.map(({ host, port }) => `${host}:${port}`).join(","),
      REDIS_SENTINEL_NAME: name,
    },
  });
}

async function roleOf(url: string): Promise<string> {
  const client = new Redis(url, { retryStrategy: () => null });
  const [role] = (await client.role()) as [string];
  client.disconnect();
  return role;
}

test("when the primary is killed a replica takes over, and writes go on without help", async () => {
  const servers = await startSentinel({ password: PASSWORD });
  cleanups.push(servers.stop);
  const { primary, replicas, sentinels } = servers;
  expect([replicas.length, sentinels.length]).toEqual([2, 3]);
  expect(await Promise.all([primary, ...replicas].map(({ url }) => roleOf(url)))).toEqual([
    "master",
    "slave",
    "slave",
  ]);

  const sandbox = composeOn(servers);
  cleanups.push(() => sandbox.connection.close());
  expect((await sandbox.api("PUT", path, { body: "before" })).status).toBe(201);
  const copies = replicas.map(({ url }) => new Redis(url));
  for (const copy of copies) {
    await until(
      () => copy.dbsize(),
      (size) => size > 0,
    );
    copy.disconnect();
  }

  primary.kill("SIGKILL");
  await primary.exited;
  const put = await until(
    () => sandbox.api("PUT", path, { body: "after" }),
    ({ status }) => status !== 503,
    20_000,
  );
  expect(put.status, "the entry from before is there").toBe(204);
  expect((await sandbox.api("GET", path)).text).toBe("after");
  const roles = await Promise.all(replicas.map(({ url }) => roleOf(url)));
  expect(roles).toContain("master");

  // A sandbox that starts only now finds the new primary, though its first sentinel is gone too.
  sentinels[0]?.kill("SIGKILL");
  await sentinels[0]?.exited;
  const late = composeOn(servers);
  cleanups.push(() => late.connection.close());
  const found = () => late.apiOf(sandbox.tenant)("GET", path);
  expect((await until(found, ({ status }) => status === 200)).text).toBe("after");
});

test("nothing is left of them when they are stopped, or cannot be started", async () => {
  const { primary, replicas, sentinels, stop } = await startSentinel({ replicas: 1, sentinels: 2 });
  cleanups.push(stop);
  expect([replicas.length, sentinels.length]).toEqual([1, 2]);
  await stop();
  await stop();
  for (const { pid } of [primary, ...replicas, ...sentinels])
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  await expect(startSentinel({ config: ["no-such-setting 1"] })).rejects.toThrow("no-such-setting");
  expect(await readdir(dir)).toEqual([]);
});
