import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cache } from "../../lib/cache/cache.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import type { Answer } from "../api.ts";
import { composeCache, until } from "../composition.ts";
import {
  describeLostReplies,
  type Line,
  newKey,
  type Operation,
  sendTwice,
  startLine,
} from "./lost-replies.ts";

let line: Line<Cache>;
beforeAll(async () => {
  line = await startLine(composeCache);
});
afterAll(() => line?.close());

const path = (key: string) => `/v1/cache/entries/${key}`;
const get = (key: string, query?: Record<string, string>) =>
  line.other.api("GET", path(key), query ? { query } : {});
const put = (key: string, headers: Record<string, string> = {}) =>
  line.sandbox.api("PUT", path(key), { body: "new", headers });
const takeLease = async (key: string) => (await get(key, { lease: "30" })).headers["cache-lease"] ?? "";

const stored = async (key: string) => {
  const { status, text, headers } = await get(key);
  return [status, text, headers.etag];
};
const putOld = (key: string, headers: Record<string, string> = {}) =>
  line.other.api("PUT", path(key), { body: "old", headers });

const operations: Record<string, Operation> = {
  PUT: { of: "putEntry", run: (key) => put(key), state: stored },
  "PUT over an entry": { of: "putEntry", prepare: putOld, run: (key) => put(key), state: stored },
  "PUT with groups": {
    of: "putEntry",
    run: (key) => put(key, { "cache-groups": `"${key}-g"` }),
    state: stored,
  },
  "PUT to create only": { of: "putEntry", run: (key) => put(key, { "if-none-match": "*" }), state: stored },
  "PUT if the tag matches": {
    of: "putEntry",
    prepare: async (key) => (await putOld(key)).headers.etag,
    run: (key, etag) => put(key, { "if-match": String(etag) }),
    state: stored,
  },
  "PUT if the tag matches, over an entry in groups": {
    of: "putEntry",
    prepare: async (key) => (await putOld(key, { "cache-groups": `"${key}-a", "${key}-b"` })).headers.etag,
    run: (key, etag) => put(key, { "if-match": String(etag) }),
    state: stored,
  },
  "PUT with a lease": {
    of: "putEntry",
    prepare: takeLease,
    run: (key, lease) => put(key, { "cache-lease": String(lease), "cache-groups": `"${key}-g"` }),
    state: async (key, _, lease) => {
      const again = await put(key, { "cache-lease": String(lease) });
      return [await stored(key), again.status, again.json.code];
    },
  },
  "GET with a lease": {
    of: "getEntry",
    run: (key) => line.sandbox.api("GET", path(key), { query: { lease: "30" } }),
    state: async (key, { headers }) => {
      const second = await get(key, { lease: "30" });
      const fill = await put(key, { "cache-lease": headers["cache-lease"] ?? "" });
      return [second.json.code, second.headers["cache-lease"], fill.status, await stored(key)];
    },
  },
  DELETE: {
    of: "deleteEntry",
    prepare: takeLease,
    run: (key) => line.sandbox.api("DELETE", path(key)),
    state: async (key, _, lease) => [
      await stored(key),
      (await put(key, { "cache-lease": String(lease) })).status,
    ],
  },
  "DELETE of a group": {
    of: "deleteGroup",
    prepare: (key) => putOld(key, { "cache-groups": `"${key}-g"` }),
    run: (key) => line.sandbox.api("DELETE", `/v1/cache/groups/${key}-g`),
    state: async (key) => {
      const before = await get(key);
      await putOld(key, { "cache-groups": `"${key}-g"` });
      return [before.status, await stored(key)];
    },
  },
  "a batch of puts": {
    of: "batchPut",
    prepare: async (key) => ({ lease: await takeLease(`${key}-leased`), old: await putOld(`${key}-old`) }),
    run: (key, prepared) => {
      const { lease, old } = prepared as { lease: string; old: Answer };
      const entries = [
        { key: `${key}-new`, value: "new", ifNoneMatch: "*" },
        { key: `${key}-old`, value: "new", ifMatch: old.headers.etag },
        { key: `${key}-leased`, value: "new", lease, groups: [`${key}-g`] },
        { key: `${key}-failing`, value: "new", ifMatch: "*" },
      ];
      return line.sandbox.api("POST", "/v1/cache/batch-put", { body: { entries } });
    },
    state: (key) =>
      Promise.all(["new", "old", "leased", "failing"].map((suffix) => stored(`${key}-${suffix}`))),
  },
};

/** Ids of requests, and leases. */
const changing = /urn:uuid:[\w-]+|(?<="cache-lease":")[^"]+/g;
describeLostReplies(cacheContract, operations, () => line, changing);

test.each([
  [
    "undoes what somebody else wrote",
    (key: string) => line.other.api("PUT", path(key), { body: "newer" }),
    [200, "newer"],
  ],
  [
    "brings back what somebody removed",
    (key: string) => line.other.api("DELETE", path(key)),
    [404, "cache_miss"],
  ],
])("a put that is sent again never %s since it ran", async (_, interfere, expected) => {
  const key = newKey();
  const putting = await sendTwice(
    line,
    () => put(key),
    async () => {
      await until(
        () => get(key),
        ({ text }) => text === "new",
      );
      expect((await interfere(key)).status).toBe(204);
    },
  );
  expect(putting.status).toBeLessThan(300);
  const { status, text } = await get(key);
  expect([status, status === 404 ? JSON.parse(text).code : text]).toEqual(expected);
});
