import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { type Composition, composeCache, expectUnavailable, until } from "../composition.ts";
import { watchConnections } from "./connections-watch.ts";

/**
 * So many processes are too much for a small machine: a sandbox is here what a process would have loaded, with a
 * connection of its own, and they share one.
 */
const SANDBOXES = 500;
const MAX_CLIENTS = 100;
/** One is that of the test. */
const PLACES = MAX_CLIENTS - 1;

/** By itself a sandbox tries so often before it leaves it to requests. */
const BURST = 13;
/** Then a request tries once, and while some fail a probe does, at most so often. */
const PROBES_A_SECOND = 1 / 0.75;

/** Sandboxes that lose their connection at one moment, and how often each tries until the server is there again. */
const RESTARTED = 100;
/** Five hundred callers in one process need a processor, which other tests may have. */
const PATIENCE_MS = 40_000;
const ATTEMPTS = 7;

/** A sandbox that is asked again, as it says, until it is ended. */
function startCaller(redisUrl: string) {
  const { api, connection } = composeCache(redisUrl);
  const startedAt = performance.now();
  let [running, served, refused] = [true, 0, 0];
  const calling = (async () => {
    while (running) {
      const answer = await api("GET", "/v1/cache/entries/a");
      if (answer.status === 404) {
        served++;
      } else {
        expectUnavailable(answer);
        refused++;
      }
      await sleep(1000 * Number(answer.headers["retry-after"] ?? 1));
    }
  })();
  calling.catch(() => {}); // end() tells
  return {
    isServed: () => served > 0,
    isRefused: () => refused > 0,
    /** Resolves to the most attempts to connect that it may have made. */
    async end(): Promise<number> {
      running = false;
      await calling;
      await connection.close();
      const seconds = (performance.now() - startedAt) / 1000;
      return BURST + served + refused + Math.ceil(PROBES_A_SECOND * seconds);
    },
  };
}

test("more sandboxes than a server takes: some are served, others told to come back, and all get in as places get free", async () => {
  const { url, stop } = await startRedis({ config: [`maxclients ${MAX_CLIENTS}`] });
  onTestFinished(stop);
  const watch = await watchConnections(url);
  onTestFinished(watch.stop);
  let alive: ReturnType<typeof startCaller>[] = [];
  while (alive.length < SANDBOXES) {
    alive.push(startCaller(url));
    await setImmediate(); // the others are served meanwhile, as they would be by processes of their own
  }
  let allowed = 0;
  const isServed = (caller: (typeof alive)[0]) => caller.isServed();
  await until(
    async () => [alive.filter(isServed).length, alive.filter((caller) => caller.isRefused()).length] as const,
    ([served, refused]) => served === PLACES && refused >= SANDBOXES - PLACES,
    PATIENCE_MS,
  );
  while (alive.length > PLACES) {
    const leaving = await until(
      async () => alive.filter(isServed).slice(0, alive.length - PLACES),
      (some) => some.length > 0,
      PATIENCE_MS,
    );
    alive = alive.filter((each) => !leaving.includes(each));
    for (const attempts of await Promise.all(leaving.map((each) => each.end()))) allowed += attempts;
  }
  await until(
    async () => alive.every(isServed),
    (all) => all,
    PATIENCE_MS,
  );
  expect(watch.most()).toBeLessThanOrEqual(PLACES);
  for (const attempts of await Promise.all(alive.map((each) => each.end()))) allowed += attempts;
  expect(await watch.attempts()).toBeLessThanOrEqual(allowed);
  await until(watch.open, (open) => open === 0);
}, 120_000);

test("after a restart sandboxes do not all come back in the same moments", async () => {
  const server = await startRedis();
  const sandboxes = Array.from({ length: RESTARTED }, () => composeCache(server.url));
  onTestFinished(() => Promise.all(sandboxes.map(({ connection }) => connection.close())).then(() => {}));
  const delays = await Promise.all(sandboxes.map(watchDelays));
  server.kill("SIGKILL");
  await server.exited;
  await until(
    async () => Math.min(...delays.map(({ length }) => length)),
    (fewest) => fewest >= ATTEMPTS,
    20_000,
  );
  const { stop } = await startRedis({ port: server.port });
  onTestFinished(stop);
  const momentsOf = (attempt: number) =>
    delays.map((each) => each.slice(0, attempt).reduce((sum, delay) => sum + delay));
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++)
    expect(inTheFullestMillisecond(momentsOf(attempt))).toBeLessThan(RESTARTED / 3);
  const last = momentsOf(ATTEMPTS);
  expect(Math.max(...last) - Math.min(...last), "they drift apart").toBeGreaterThan(100);
  for (const { api } of sandboxes)
    await until(
      () => api("GET", "/v1/cache/entries/a"),
      ({ status }) => status === 404,
    );
});

/** The pauses before its attempts to connect; the array grows. */
async function watchDelays({ connection }: Composition): Promise<number[]> {
  const delays: number[] = [];
  await connection.run(async (redis: Redis) => {
    redis.on("reconnecting", (delayMs: number) => delays.push(delayMs));
  });
  return delays;
}

function inTheFullestMillisecond(moments: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const millisecond of moments.map(Math.floor))
    counts.set(millisecond, (counts.get(millisecond) ?? 0) + 1);
  return Math.max(...counts.values());
}
