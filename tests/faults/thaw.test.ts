import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SLACK_MS, until } from "../composition.ts";
import { type ReplicatedPair, startReplicatedPair } from "../redis/replicated-pair.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { type AnotherAddress, serveAtAnotherAddress } from "./another-address.ts";
import { type Feature, featureOf } from "./sandbox-features.ts";
import { buildSandboxes, type FunctionName, type SandboxProcess } from "./sandbox-process.ts";

const NAMES: readonly FunctionName[] = ["cache", "sessions", "tokens", "leaderboards", "likes", "locks"];
const DEADLINE_MS = 2000;
/** Longer than a socket may have been silent. */
const A_LONG_FREEZE_MS = 90_000;

let sandboxes: Awaited<ReturnType<typeof buildSandboxes>>;
let pair: ReplicatedPair;
/** In front of the primary, where the name of the server leads at first. */
let proxy: TcpProxy;
/** In front of the replica. */
let elsewhere: AnotherAddress;
let sandbox: SandboxProcess;
let features: (readonly [FunctionName, Feature])[];

beforeAll(async () => {
  [sandboxes, pair] = await Promise.all([buildSandboxes(), startReplicatedPair()]);
});
afterAll(async () => {
  await pair?.stop();
  await sandboxes?.remove();
});

beforeEach(async () => {
  proxy = await startTcpProxy(pair.primary.server.url);
  const { port } = new URL(proxy.url);
  elsewhere = await serveAtAnotherAddress(Number(port), pair.replica.server.url);
  sandbox = await sandboxes.start(NAMES, {
    REDIS_URL: `redis://redis.test:${port}`,
    REDIS_DEADLINE_MS: String(DEADLINE_MS),
  });
  features = await Promise.all(NAMES.map(async (name) => [name, await featureOf(sandbox, name)] as const));
  await expectServed(writeAll("before"), "before");
  expect(proxy.open()).toBe(NAMES.length);
});
afterEach(async () => {
  await sandbox?.end();
  await proxy?.close();
  await elsewhere?.close();
});

const writeAll = (id: string) => Promise.all(features.map(([, { write }]) => write(id)));

/** Each feature has written, and finds it. */
async function expectServed(writing: ReturnType<typeof writeAll>, id: string): Promise<void> {
  const written = (await writing).map(({ status, text }) => (status < 300 ? "served" : text));
  expect(written).toEqual(NAMES.map(() => "served"));
  const found = await Promise.all(features.map(([, { isThere }]) => isThere(id)));
  expect(found).toEqual(NAMES.map(() => true));
}

/**
 * What happens while the sandbox is frozen comes before the event that thaws it, or after: both are there when it
 * wakes up, and it finds them in that order.
 */
async function freezeThrough(fault: () => Promise<void>, order: "before" | "after"): Promise<number> {
  sandbox.takeDurations();
  sandbox.freeze();
  if (order === "before") await fault();
  const writing = writeAll("thawed");
  writing.catch(() => {}); // expectServed() tells
  await until(
    async () => sandbox.underWay(),
    (calls) => calls === NAMES.length,
  );
  if (order === "after") await fault();
  expect(sandbox.underWay(), "it is frozen").toBe(NAMES.length);
  sandbox.thaw();
  await expectServed(writing, "thawed");
  const slowestMs = Math.max(...sandbox.takeDurations());
  expect(slowestMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
  return slowestMs;
}

const untilNoneIsOpen = () =>
  until(
    async () => proxy.open(),
    (open) => open === 0,
  );

/** What becomes of the connections; new ones work. */
const ENDS: Readonly<Record<string, () => Promise<void>>> = {
  async "closed by the server (FIN)"() {
    await pair.primary.admin.call("CLIENT", "KILL", "TYPE", "normal");
    await untilNoneIsOpen();
  },
  async "reset (RST)"() {
    proxy.cut();
    await untilNoneIsOpen();
  },
  async "dropped without a word"() {
    proxy.blackHole();
  },
};

/** What becomes of the primary when the replica is promoted, and the name leads there. */
const PROMOTIONS: Readonly<Record<string, () => Promise<void>>> = {
  "is gone": () => proxy.close(),
  async "is a black hole"() {
    proxy.blackHole();
    proxy.faults.ignoreNew = true;
  },
  async "answers READONLY"() {
    await pair.primary.admin.replicaof("127.0.0.1", pair.replica.server.port);
  },
};

const ORDERS = ["before", "after"] as const;

describe.each(Object.entries(ENDS))("a connection of each feature that was %s in a freeze", (_, end) => {
  test.each(ORDERS)("%s the request that thaws the sandbox fails nobody", async (order) => {
    const before = proxy.connections();
    await freezeThrough(end, order);
    expect(proxy.connections()).toBe(before + NAMES.length);
  });

  test("costs no time when the freeze was longer than a minute", async () => {
    await sandbox.pretend({ aheadMs: A_LONG_FREEZE_MS });
    expect(await freezeThrough(end, "before")).toBeLessThan(DEADLINE_MS / 2);
  });
});

describe.each(Object.entries(PROMOTIONS))(
  "a primary that %s in a freeze, with a replica promoted",
  (_, demote) => {
    const promote = async () => {
      await pair.catchUp();
      await pair.replica.admin.replicaof("NO", "ONE");
      await demote();
    };

    // A sandbox looks the name up when it connects, so it may as well be told before it is frozen.
    beforeEach(() => sandbox.pretend({ address: elsewhere.address }));
    afterEach(async () => {
      await pair.primary.admin.replicaof("NO", "ONE");
      await pair.catchUp();
    });

    test.each(ORDERS)("%s the request that thaws the sandbox, fails nobody", async (order) => {
      await freezeThrough(promote, order);
      expect(elsewhere.open()).toBe(NAMES.length);
    });

    test("costs no time when the freeze was longer than a minute", async () => {
      await sandbox.pretend({ aheadMs: A_LONG_FREEZE_MS });
      expect(await freezeThrough(promote, "before")).toBeLessThan(DEADLINE_MS / 2);
      expect(elsewhere.open()).toBe(NAMES.length);
    });
  },
);
