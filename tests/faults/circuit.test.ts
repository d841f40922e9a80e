import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { expectUnavailable, SLACK_MS, until } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { closeAll, startWriters, type Writer } from "./writers.ts";

const CALLERS = 1000;
const AT_ONCE_MS = 50;
/** What each would wait in vain. */
const DEADLINE_MS = 1000;
/** The longest pause, with an attempt that had just begun in vain. */
const BACK_WITHIN_MS = 1500;

let server: RunningRedis;
let proxy: TcpProxy;
let writers: Readonly<Record<string, Writer>> = {};
/** How often something in this process began to connect. */
let dials = 0;
const countDial = () => void dials++;

beforeEach(async () => {
  server = await startRedis();
  proxy = await startTcpProxy(server.url);
  writers = await startWriters(proxy.url, { environment: { REDIS_DEADLINE_MS: String(DEADLINE_MS) } });
  for (const { write } of Object.values(writers)) expect((await write("first")).status).toBeLessThan(300);
  subscribe("net.client.socket", countDial);
});
afterEach(async () => {
  unsubscribe("net.client.socket", countDial);
  await closeAll(writers);
  await proxy.close();
  await server.stop();
});

const AWAY: Readonly<Record<string, { begin(): unknown; end(): unknown }>> = {
  "swallows connections": {
    begin: () => Object.assign(proxy.faults, { ignoreNew: true }),
    end: () => Object.assign(proxy.faults, { ignoreNew: false }),
  },
  "refuses connections": { begin: () => proxy.refuse(), end: () => proxy.accept() },
};

/** Until nobody waits any more. */
async function waitInVain({ write }: Writer): Promise<void> {
  let number = 0;
  await until(
    () => timed(async () => expectUnavailable(await write(`early-${number++}`))),
    (tookMs) => tookMs < AT_ONCE_MS,
    20_000,
  );
}

/** How long each of many callers waits for a 503, when so many call at once. */
async function timesOf({ write }: Writer, atOnce: number): Promise<number[]> {
  const tookMs: number[] = [];
  while (tookMs.length < CALLERS) {
    const ids = Array.from({ length: atOnce }, (_, number) => `late-${atOnce}-${tookMs.length + number}`);
    const calls = ids.map((id) => timed(async () => expectUnavailable(await write(id))));
    tookMs.push(...(await Promise.all(calls)));
  }
  return tookMs;
}

async function keepCalling({ write }: Writer, signal: AbortSignal): Promise<void> {
  for (let number = 0; !signal.aborted; number++) {
    expectUnavailable(await write(`meanwhile-${number}`));
    await sleep(5);
  }
}

async function untilServed(feature: string, { write }: Writer): Promise<void> {
  let number = 0;
  await until(
    () => write(`${feature}-again-${number++}`),
    ({ status }) => status < 300,
    20_000,
  );
}

async function timed(call: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await call();
  return performance.now() - startedAt;
}

const percentile = (percent: number, times: number[]) =>
  times.sort((a, b) => a - b)[Math.floor((times.length * percent) / 100)];

describe.each(Object.entries(AWAY))("while the network %s", (_, { begin, end }) => {
  beforeEach(async () => {
    begin();
    proxy.cut();
    await Promise.all(Object.values(writers).map(waitInVain));
  });

  test("late callers are turned away at once, one after the other and many at once", async () => {
    for (const [feature, writer] of Object.entries(writers)) {
      const oneByOne = await timesOf(writer, 1);
      const together = await timesOf(writer, 10);
      for (const times of [oneByOne, together]) {
        expect(percentile(50, times), feature).toBeLessThan(AT_ONCE_MS);
        expect(percentile(99, times), feature).toBeLessThan(DEADLINE_MS / 4);
      }
    }
  });

  test("there is an attempt now and then, and as soon as one succeeds all are served", async () => {
    const features = Object.keys(writers).length;
    const startedAt = performance.now();
    const before = dials;
    const isOver = new AbortController();
    const calling = Object.values(writers).map((writer) => keepCalling(writer, isOver.signal));
    await until(
      async () => dials - before,
      (count) => count >= 5 * features,
      20_000,
    );
    isOver.abort();
    await Promise.all(calling);
    const seconds = (performance.now() - startedAt) / 1000;
    // Before the pause is as long as it gets there are four more, and chance may shorten each by a quarter.
    expect((dials - before) / features).toBeLessThan(seconds * 1.5 + 5);

    await end();
    const endedAt = performance.now();
    await Promise.all(Object.entries(writers).map(([feature, writer]) => untilServed(feature, writer)));
    expect(performance.now() - endedAt).toBeLessThan(BACK_WITHIN_MS + SLACK_MS);
  });
});
