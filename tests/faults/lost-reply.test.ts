import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Answer } from "../api.ts";
import { type Composition, compose, until } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

let proxy: TcpProxy;
let sandbox: Composition;
/** Somebody else, whose connection is fine. */
let other: Composition;

beforeAll(async () => {
  proxy = await startTcpProxy(inject("redisUrl"));
  sandbox = compose(proxy.url);
  other = compose(inject("redisUrl"), { tenant: sandbox.tenant });
});
afterAll(async () => {
  await sandbox?.connection.close();
  await other?.connection.close();
  await proxy?.close();
});

const path = (key: string) => `/v1/cache/entries/${key}`;
const get = (key: string, query?: Record<string, string>) =>
  other.api("GET", path(key), query ? { query } : {});
const put = (key: string, headers: Record<string, string> = {}) =>
  sandbox.api("PUT", path(key), { body: "new", headers });
const takeLease = async (key: string) => (await get(key, { lease: "30" })).headers["cache-lease"] ?? "";

interface Operation {
  /** What must be there before. */
  readonly prepare?: (key: string) => Promise<unknown>;
  readonly run: (key: string, prepared: unknown) => Promise<Answer>;
  /** Looks at what is there afterwards; the same however the operation went. */
  readonly state: (key: string, answer: Answer, prepared: unknown) => Promise<unknown>;
}

const stored = async (key: string) => {
  const { status, text, headers } = await get(key);
  return [status, text, headers.etag];
};
const putOld = (key: string, headers: Record<string, string> = {}) =>
  other.api("PUT", path(key), { body: "old", headers });

const operations: Record<string, Operation> = {
  PUT: { run: (key) => put(key), state: stored },
  "PUT over an entry": { prepare: putOld, run: (key) => put(key), state: stored },
  "PUT with groups": { run: (key) => put(key, { "cache-groups": `"${key}-g"` }), state: stored },
  "PUT to create only": { run: (key) => put(key, { "if-none-match": "*" }), state: stored },
  "PUT if the tag matches": {
    prepare: async (key) => (await putOld(key)).headers.etag,
    run: (key, etag) => put(key, { "if-match": String(etag) }),
    state: stored,
  },
  "PUT if the tag matches, over an entry in groups": {
    prepare: async (key) => (await putOld(key, { "cache-groups": `"${key}-a", "${key}-b"` })).headers.etag,
    run: (key, etag) => put(key, { "if-match": String(etag) }),
    state: stored,
  },
  "PUT with a lease": {
    prepare: takeLease,
    run: (key, lease) => put(key, { "cache-lease": String(lease), "cache-groups": `"${key}-g"` }),
    state: async (key, _, lease) => {
      const again = await put(key, { "cache-lease": String(lease) });
      return [await stored(key), again.status, again.json.code];
    },
  },
  "GET with a lease": {
    run: (key) => sandbox.api("GET", path(key), { query: { lease: "30" } }),
    state: async (key, { headers }) => {
      const second = await get(key, { lease: "30" });
      const fill = await put(key, { "cache-lease": headers["cache-lease"] ?? "" });
      return [second.json.code, second.headers["cache-lease"], fill.status, await stored(key)];
    },
  },
  DELETE: {
    prepare: takeLease,
    run: (key) => sandbox.api("DELETE", path(key)),
    state: async (key, _, lease) => [
      await stored(key),
      (await put(key, { "cache-lease": String(lease) })).status,
    ],
  },
  "DELETE of a group": {
    prepare: (key) => putOld(key, { "cache-groups": `"${key}-g"` }),
    run: (key) => sandbox.api("DELETE", `/v1/cache/groups/${key}-g`),
    state: async (key) => {
      const before = await get(key);
      await putOld(key, { "cache-groups": `"${key}-g"` });
      return [before.status, await stored(key)];
    },
  },
  "a batch of puts": {
    prepare: async (key) => ({ lease: await takeLease(`${key}-leased`), old: await putOld(`${key}-old`) }),
    run: (key, prepared) => {
      const { lease, old } = prepared as { lease: string; old: Answer };
      const entries = [
        { key: `${key}-new`, value: "new", ifNoneMatch: "*" },
        { key: `${key}-old`, value: "new", ifMatch: old.headers.etag },
        { key: `${key}-leased`, value: "new", lease, groups: [`${key}-g`] },
        { key: `${key}-failing`, value: "new", ifMatch: "*" },
      ];
      return sandbox.api("POST", "/v1/cache/batch-put", { body: { entries } });
    },
    state: (key) =>
      Promise.all(["new", "old", "leased", "failing"].map((suffix) => stored(`${key}-${suffix}`))),
  },
};

let count = 0;

/** Runs an operation on a key of its own; gives what its caller saw and what is there now, without the key. */
async function observe({ prepare, run, state }: Operation, beforeRun: () => void): Promise<unknown> {
  const key = `key-${count++}`;
  const prepared = await prepare?.(key);
  await sandbox.connection.ping();
  beforeRun();
  const answer = await run(key, prepared);
  const { "cache-lease": lease, ...headers } = answer.headers;
  const after = await state(key, answer, prepared);
  const seen = [answer.status, Boolean(lease), headers, answer.text, after];
  return JSON.parse(
    JSON.stringify(seen)
      .replaceAll(key, "key")
      .replaceAll(/urn:uuid:[\w-]+/g, ""),
  );
}

describe.each(Object.entries(operations))("%s", (_, operation) => {
  test("is answered the same and happens once, whichever reply is lost", async () => {
    await observe(operation, () => {}); // every script is known to the server
    const expected = await observe(operation, () => {});
    const roundTrips = await countRoundTrips(operation);
    expect(roundTrips).toBeGreaterThan(0);
    for (let nth = 1; nth <= roundTrips; nth++) {
      const connections = proxy.connections();
      expect(await observe(operation, () => proxy.loseReply(nth)), `without reply ${nth}`).toEqual(expected);
      expect(proxy.connections(), "a reply was really lost").toBe(connections + 1);
    }
  });

  test("is answered the same and happens once, with a reply that never comes", async () => {
    const expected = await observe(operation, () => {});
    const connections = proxy.connections();
    const seen = await observe(operation, () => {
      proxy.faults.swallowReplies = true;
      setTimeout(() => {
        proxy.faults.swallowReplies = false;
      }, sandbox.deadlineMs / 4);
    });
    expect(seen).toEqual(expected);
    expect(proxy.connections(), "a reply was really lost").toBe(connections + 1);
  });
});

/** Between the start of an operation and its answer, without what prepares and what looks at it. */
async function countRoundTrips({ prepare, run }: Operation): Promise<number> {
  const key = `key-${count++}`;
  const prepared = await prepare?.(key);
  const before = proxy.roundTrips();
  await run(key, prepared);
  return proxy.roundTrips() - before;
}

test.each([
  [
    "undoes what somebody else wrote",
    (key: string) => other.api("PUT", path(key), { body: "newer" }),
    [200, "newer"],
  ],
  ["brings back what somebody removed", (key: string) => other.api("DELETE", path(key)), [404, "cache_miss"]],
])("a put that is sent again never %s since it ran", async (_, interfere, expected) => {
  const key = `key-${count++}`;
  await sandbox.connection.ping();
  proxy.faults.swallowReplies = true;
  const putting = put(key);
  try {
    await until(
      () => get(key),
      ({ text }) => text === "new",
    );
    expect((await interfere(key)).status).toBe(204);
  } finally {
    proxy.faults.swallowReplies = false;
  }
  expect((await putting).status).toBeLessThan(300);
  const { status, text } = await get(key);
  expect([status, status === 404 ? JSON.parse(text).code : text]).toEqual(expected);
});
