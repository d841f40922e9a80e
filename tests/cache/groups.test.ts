import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { handler } from "../../functions/cache/handler.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi, uniqueTenant } from "../api.ts";
import { bareClient } from "../provided-redis.ts";

const api = createApi(handler, cacheContract);
const path = (key: string) => `/v1/cache/entries/${key}`;
const put = (key: string, groups: string, headers: Record<string, string> = {}) =>
  api("PUT", path(key), { body: key, headers: { ...(groups && { "cache-groups": groups }), ...headers } });
const invalidate = (group: string) => api("DELETE", `/v1/cache/groups/${encodeURIComponent(group)}`);
const lease = async (key: string) =>
  (await api("GET", path(key), { query: { lease: "10" } })).headers["cache-lease"] ?? "";

test("an invalidation ends every entry of the group and no other", async () => {
  await Promise.all([put("a1", '"a"'), put("a2", '"b", "a"'), put("b1", '"b"'), put("none", "")]);
  expect((await invalidate("a")).status).toBe(204);
  const statuses = await Promise.all(
    ["a1", "a2", "b1", "none"].map(async (key) => (await api("GET", path(key))).status),
  );
  expect(statuses).toEqual([404, 404, 200, 200]);
  for (const key of ["a1", "a2"]) expect((await api("HEAD", path(key))).status).toBe(404);
});

test("an entry put after the invalidation is served", async () => {
  await put("again", '"again"');
  await invalidate("again");
  await put("again", '"again"');
  expect((await api("GET", path("again"))).status).toBe(200);
});

test.each(["a b", 'say "x"', "back\\slash", "1/2", "{t}:x", "__proto__", "g".repeat(256)])(
  "the group %j works",
  async (group) => {
    await put("odd", `"${group.replace(/["\\]/g, "\\$&")}"`);
    expect((await api("GET", path("odd"))).status).toBe(200);
    await invalidate(group);
    expect((await api("GET", path("odd"))).status).toBe(404);
  },
);

test("an invalidation between lease and fill makes the fill of a new entry fail", async () => {
  const token = await lease("fresh");
  await invalidate("late");
  const fill = await put("fresh", '"late"', { "cache-lease": token });
  expect([fill.status, fill.json.code]).toEqual([409, "lease_lost"]);
});

test("an invalidation before the lease does not harm the fill", async () => {
  await invalidate("before");
  expect((await put("calm", '"before"', { "cache-lease": await lease("calm") })).status).toBe(201);
});

test.each(["", '"other"', '"old"'])(
  "the old entry's group, invalidated in between, makes a fill with groups %s fail",
  async (groups) => {
    await put("replace", '"old"', { "cache-control": "max-age=0, stale-while-revalidate=60" });
    const token = await lease("replace");
    expect(token).not.toBe("");
    await invalidate("old");
    expect((await put("replace", groups, { "cache-lease": token })).json.code).toBe("lease_lost");
  },
);

test("the first lookup after an invalidation takes the lease and the fill is served", async () => {
  await put("refill", '"refill"');
  await invalidate("refill");
  const token = await lease("refill");
  expect(token).not.toBe("");
  expect((await put("refill", '"refill"', { "cache-lease": token })).status).toBe(201);
  expect((await api("GET", path("refill"))).status).toBe(200);
});

test("conditions see an invalidated entry as gone, whichever groups the put names", async () => {
  for (const groups of ["", '"x"', '"cas"', '"x", "cas"']) {
    const { headers } = await put("cas", '"cas", "more"');
    const etag = headers.etag ?? "";
    expect((await put("cas", groups, { "if-none-match": "*" })).status).toBe(412);
    await invalidate("cas");
    expect((await put("cas", groups, { "if-match": etag })).status).toBe(412);
    expect((await put("cas", groups, { "if-none-match": "*" })).status).toBe(201);
    expect((await put("cas", groups, { "if-match": "*" })).status).toBe(204);
  }
});

test("an invalidation costs the same however many entries the group has", async () => {
  const entries = Array.from({ length: 100 }, (_, i) => ({ key: `many-${i}`, value: "x", groups: ["many"] }));
  await api("POST", "/v1/cache/batch-put", { body: { entries } });
  await invalidate("many");
  const { json } = await api("POST", "/v1/cache/batch-get", {
    body: { keys: entries.map(({ key }) => key) },
  });
  expect(new Set(json.entries.map(({ status }: { status: string }) => status))).toEqual(new Set(["miss"]));
});

test("no reader ever sees an entry that was put before an invalidation that has returned", async () => {
  let generation = 0;
  let ended = false;
  const writer = async () => {
    for (; !ended; await sleep(1)) {
      const seen = generation;
      await api("PUT", path("watched"), { body: String(seen), headers: { "cache-groups": '"watched"' } });
    }
  };
  const reader = async () => {
    while (!ended) {
      const least = generation;
      const got = await api("GET", path("watched"));
      // The writer may put an old number late, but never one that is older than the generation before.
      if (got.status === 200) expect(Number(got.text)).toBeGreaterThanOrEqual(least - 1);
    }
  };
  const invalidator = async () => {
    for (let i = 0; i < 40; i++) {
      generation++;
      await invalidate("watched");
      const after = await api("GET", path("watched"));
      if (after.status === 200) expect(Number(after.text)).toBeGreaterThanOrEqual(generation - 1);
    }
    ended = true;
  };
  await Promise.all([invalidator(), writer(), reader(), reader()]);
});

test("a group belongs to its tenant", async () => {
  const other = createApi(handler, cacheContract, uniqueTenant());
  await put("tenant", '"shared-name"');
  await other("DELETE", "/v1/cache/groups/shared-name");
  expect((await api("GET", path("tenant"))).status).toBe(200);
});

test("an entry that lands with an old token while a lookup looks again is not served", async () => {
  const tenant = uniqueTenant();
  const own = createApi(handler, cacheContract, tenant);
  const redis = bareClient();
  const key = `${tenant}:cache:{old}:entry`;
  const putOld = () => own("PUT", path("old"), { body: "old", headers: { "cache-groups": '"g"' } });
  await putOld();
  const first = await redis.hgetall(key);
  await putOld();
  const second = await redis.hgetall(key);
  await own("DELETE", "/v1/cache/groups/g");
  for (let i = 0; i < 50; i++) {
    await redis.multi().hset(key, first).pexpire(key, 60_000).exec();
    const [answer] = await Promise.all([
      own("GET", path("old"), { query: { wait: "1" } }),
      redis.multi().hset(key, second).pexpire(key, 60_000).exec(),
    ]);
    expect(answer.status).toBe(404);
  }
  redis.disconnect();
});

test.each([
  ["128 of 32 random characters", Array.from({ length: 128 }, () => randomBytes(24).toString("base64url"))],
  ["16 of 250 quotes", Array.from({ length: 16 }, (_, i) => `${i}`.padEnd(250, '"'))],
])("a stale entry in as many groups as there may be, %s, is refilled with its lease", async (_, groups) => {
  const stale = "max-age=0, stale-while-revalidate=60";
  const entries = [{ key: "many-groups", value: "old", groups, cacheControl: stale }];
  await api("POST", "/v1/cache/batch-put", { body: { entries } });
  const names = groups.map((name) => `"${name.replaceAll('"', '\\"')}"`).join(", ");
  const token = await lease("many-groups");
  expect((await put("many-groups", names, { "cache-lease": token })).status).toBe(204);
});
