import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { type Composition, composeCache } from "../composition.ts";

const sandbox = composeCache(inject("redisUrl"));
afterAll(() => sandbox.connection.close());

const entry = (key: string) => `/v1/cache/entries/${encodeURIComponent(key)}`;
const isKey = (key: string) => key !== "" && Buffer.byteLength(key) <= 512 && !key.includes("\0");

/** Any key there may be, with those more often that mean something in a URL, in a Redis key or in Unicode. */
const key = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 128 }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom("{", "}", ":", "%", "/", "?", "#", ".", "+", " ", "2F", "entry"),
      maxLength: 12,
    }),
  )
  .filter(isKey);

const shortKey = key.filter((text) => Buffer.byteLength(text) < 512);

/** Another key that some layer might take for the same. */
const twin = fc.constantFrom<(key: string) => string>(
  encodeURIComponent,
  (key) => key.normalize("NFD"),
  (key) => key.normalize("NFC"),
  (key) => key.toUpperCase(),
  (key) => key.trim(),
  (key) => `${key} `,
  (key) => `${key}/`,
  (key) => `./${key}`,
  (key) => key.replaceAll("+", " "),
  (key) => key.replaceAll("/", "%2F"),
  (key) => `{${key}}`,
  (key) => `${key}}:entry`,
  (key) => [...key].reverse().join(""),
);

test("what is put under a key is found under it and never under another", async () => {
  const property = fc.asyncProperty(key, twin, fc.nat(), async (key, makeTwin, number) => {
    const other = makeTwin(key);
    const body = `body ${number}`;
    expect((await sandbox.api("PUT", entry(key), { body })).status).toBeLessThan(300);
    expect((await sandbox.api("GET", entry(key))).text).toBe(body);
    if (isKey(other) && other !== key) expect((await sandbox.api("GET", entry(other))).status).toBe(404);
    const keys = [key, ...(isKey(other) ? [other] : [])];
    const batch = await sandbox.api("POST", "/v1/cache/batch-get", { body: { keys } });
    const expected = keys.map((name) =>
      name === key ? { key: name, value: body } : { key: name, status: "miss" },
    );
    expect(batch.json.entries).toMatchObject(expected);
    expect((await sandbox.api("DELETE", entry(key))).status).toBe(204);
  });
  await fc.assert(property, { numRuns: 300 });
});

test("any bytes come back as they were, from a single get and, where they fit, from a batch", async () => {
  const property = fc.asyncProperty(
    fc.uint8Array({ maxLength: 5000 }),
    fc.boolean(),
    async (bytes, asBatch) => {
      const body = Buffer.from(bytes);
      if (asBatch) {
        const entries = [{ key: "bytes", value: body.toString("base64"), encoding: "base64" }];
        await sandbox.api("POST", "/v1/cache/batch-put", { body: { entries } });
      } else await sandbox.api("PUT", entry("bytes"), { body });
      const got = await sandbox.api("GET", entry("bytes"));
      expect(got.body.equals(body)).toBe(true);
      const [found] = (await sandbox.api("POST", "/v1/cache/batch-get", { body: { keys: ["bytes"] } })).json
        .entries;
      expect(Buffer.from(found.value, found.encoding).equals(body)).toBe(true);
      expect(found.etag).toBe(got.headers.etag);
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test("whatever a tenant does, another tenant sees nothing of it", async () => {
  // One name is the beginning of the other, which is what a careless key would confuse.
  const [mine, theirs] = [sandbox.api, sandbox.apiOf(`${sandbox.tenant}-`)];
  const headers = { "cache-groups": '"g"' };
  const action = fc.constantFrom<(api: Composition["api"], key: string) => Promise<unknown>>(
    (api, key) => api("PUT", entry(key), { body: "theirs", headers }),
    (api, key) => api("PUT", entry(key), { query: { absent: "true" } }),
    (api, key) => api("DELETE", entry(key)),
    (api, key) => api("GET", entry(key), { query: { lease: "60" } }),
    (api) => api("DELETE", "/v1/cache/groups/g"),
    (api, key) => api("POST", "/v1/cache/batch-put", { body: { entries: [{ key, value: "theirs" }] } }),
  );
  const property = fc.asyncProperty(
    shortKey,
    fc.array(action, { minLength: 1, maxLength: 5 }),
    async (key, actions) => {
      const leased = entry(`leased ${randomUUID()}`);
      const lease = (await mine("GET", leased, { query: { lease: "60" } })).headers["cache-lease"] ?? "";
      await mine("PUT", entry(key), { body: "mine", headers });
      for (const act of actions) await act(theirs, key);
      expect((await mine("GET", entry(key))).text).toBe("mine");
      const filled = await mine("PUT", leased, { headers: { ...headers, "cache-lease": lease } });
      expect(filled.status).toBe(201);
      const [found] = (await theirs("POST", "/v1/cache/batch-get", { body: { keys: [key] } })).json.entries;
      expect(found.value ?? "").not.toBe("mine");
    },
  );
  await fc.assert(property, { numRuns: 150 });
});
