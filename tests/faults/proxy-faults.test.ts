import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { endure, hide } from "./endure.ts";
import { closeAll, startWriters, type Writer } from "./writers.ts";

/** Half of it passes before a silent socket is given up. */
const LONG_DEADLINE_MS = 4000;
/** How often, when it is often. */
const AGAIN = 10;

let server: RunningRedis;
let proxy: TcpProxy;
let writers: Readonly<Record<string, Writer>> = {};

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());
afterEach(async () => {
  await closeAll(writers);
  await proxy.close();
});

/** Every feature, behind a proxy. */
async function start(deadlineMs: number): Promise<void> {
  proxy = await startTcpProxy(server.url);
  writers = await startWriters(proxy.url, { environment: { REDIS_DEADLINE_MS: String(deadlineMs) } });
}

test.each<[string, () => void]>([
  ["are reset", () => proxy.cut()],
  ["go dead without a word", () => proxy.blackHole()],
  ["bring no more replies to what they carry", () => proxy.swallowReplies()],
  ["have lost the server's side without a word", () => proxy.orphan()],
])("connections that %s show to nobody", async (_, begin) => {
  await start(LONG_DEADLINE_MS);
  const before = proxy.connections();
  await hide(writers, { begin });
  expect(proxy.connections() - before).toBeGreaterThanOrEqual(Object.keys(writers).length);
});

test.each<[string, () => void]>([
  ["connections that are reset", () => proxy.cut()],
  ["commands that run and lose their reply", () => proxy.loseReply()],
])("%s again and again show to nobody", async (_, begin) => {
  await start(LONG_DEADLINE_MS);
  const before = proxy.connections();
  await hide(writers, { begin }, AGAIN);
  expect(proxy.connections() - before).toBeGreaterThanOrEqual(AGAIN);
});

test.each<[string, { readonly delayMs?: number; readonly byteByByte?: boolean }, number]>([
  ["is 200 ms away", { delayMs: 200 }, 5],
  ["is sent and sends one byte at a time", { byteByByte: true }, 2],
])("a server that %s serves everybody", async (_, faults, callers) => {
  await start(LONG_DEADLINE_MS);
  const before = proxy.connections();
  await hide(writers, {
    begin: () => Object.assign(proxy.faults, faults),
    end: () => Object.assign(proxy.faults, { delayMs: 0, byteByByte: false }),
    callers,
  });
  expect(proxy.connections()).toBe(before);
});

test.each<[string, () => unknown, () => unknown]>([
  ["refuses connections", () => proxy.refuse(), () => proxy.accept()],
  [
    "swallows connections",
    () => Object.assign(proxy.faults, { ignoreNew: true }),
    () => Object.assign(proxy.faults, { ignoreNew: false }),
  ],
])("a network that %s costs 503 in time, and then all goes on", async (_, begin, end) => {
  await start(1000);
  await endure(writers, {
    begin() {
      begin();
      proxy.cut();
    },
    end,
  });
});
