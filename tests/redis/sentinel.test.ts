import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type RunningSentinel, type Sentinel, startSentinel } from "../../dev/redis/start-sentinel.ts";
import { type Composition, composeCache, expectUnavailable, SLACK_MS, until } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

const OF_PRIMARY = "primary: p@ss w/rd";
const OF_SENTINELS = "sentinels: watch & wait";
const path = "/v1/cache/entries/a";
/** A client that finds no sentinel tries by itself for some three seconds; then only when it is asked. */
const LONGER_THAN_IT_TRIES_MS = 4500;

let servers: RunningSentinel;

beforeAll(async () => {
  // One that was stopped for a while must not take the primary for dead.
  servers = await startSentinel({ replicas: 0, password: OF_PRIMARY, downAfterMs: 60_000 });
  for (const { host, port } of servers.sentinels) {
    const operator = new Redis(port, host);
    await operator.acl("SETUSER", "default", "resetpass", `>${OF_SENTINELS}`);
    operator.disconnect();
  }
});
afterAll(() => servers?.stop());

type Address = Pick<Sentinel, "host" | "port">;

function start(
  addresses: readonly Address[],
  { ofPrimary = OF_PRIMARY, ofSentinels = OF_SENTINELS } = {},
): Composition {
  const [first, ...others] = addresses.map(({ host, port }) => `${host}:${port}`);
  const made = composeCache(`redis://:${encodeURIComponent(ofPrimary)}@${first}`, {
    environment: {
      REDIS_MODE: "sentinel",
      REDIS_NODES: others.join(","),
      REDIS_SENTINEL_NAME: servers.name,
      REDIS_SENTINEL_PASSWORD: ofSentinels,
    },
  });
  onTestFinished(() => made.connection.close());
  return made;
}

function hang(sentinels: readonly Sentinel[]): () => void {
  for (const sentinel of sentinels) sentinel.kill("SIGSTOP");
  const wake = () => sentinels.forEach((sentinel) => void sentinel.kill("SIGCONT"));
  onTestFinished(wake);
  return wake;
}

async function breakConnections(): Promise<void> {
  const operator = new Redis(servers.primary.url);
  await operator.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  operator.disconnect();
}

/** After a time without sentinels. */
async function servedAgain(sandboxes: readonly Composition[], comeBack: () => unknown): Promise<void> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < LONGER_THAN_IT_TRIES_MS) {
    const answers = await Promise.all(sandboxes.map(({ api }) => api("GET", path)));
    answers.forEach(expectUnavailable);
    await sleep(50);
  }
  await comeBack();
  for (const { api } of sandboxes)
    await until(
      () => api("GET", path),
      ({ status }) => status === 404,
      20_000,
    );
}

describe("a new sandbox is served", () => {
  test.each([1, 2])("though %i of three sentinels hang, the first to be asked", async (count) => {
    hang(servers.sentinels.slice(0, count));
    const { api, deadlineMs } = start(servers.sentinels);
    await until(
      () => api("GET", path),
      ({ status }) => status === 404,
      2 * deadlineMs + SLACK_MS,
    );
  });

  test("when all sentinels hang, and go on; so is one whose connection broke meanwhile", async () => {
    const connected = start(servers.sentinels);
    expect((await connected.api("GET", path)).status).toBe(404);
    const wake = hang(servers.sentinels);
    expect((await connected.api("GET", path)).status, "it needs no sentinel").toBe(404);
    await breakConnections();
    await servedAgain([start(servers.sentinels), connected], wake);
  });

  test("when no sentinel listens, and then they do", async () => {
    const proxies: TcpProxy[] = [];
    for (const { host, port } of servers.sentinels) {
      const proxy = await startTcpProxy(`redis://${host}:${port}`);
      onTestFinished(() => proxy.close());
      proxies.push(proxy);
      proxy.refuse();
    }
    const addresses = proxies.map(({ url }) => ({ host: "127.0.0.1", port: Number(new URL(url).port) }));
    await servedAgain([start(addresses)], () => Promise.all(proxies.map((proxy) => proxy.accept())));
  });
});

test("the sentinels and the primary have passwords of their own, and each is asked for its own alone", async () => {
  expect((await start(servers.sentinels).api("GET", path)).status).toBe(404);
  const strangers = [
    start(servers.sentinels, { ofSentinels: "" }),
    start(servers.sentinels, { ofSentinels: OF_PRIMARY }),
    start(servers.sentinels, { ofPrimary: OF_SENTINELS }),
  ];
  for (const { api, log } of strangers) {
    expectUnavailable(await api("GET", path));
    const said = JSON.stringify(log.lines);
    for (const secret of [OF_PRIMARY, OF_SENTINELS]) expect(said).not.toContain(secret);
  }
});
