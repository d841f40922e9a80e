import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Answer, uniqueTenant } from "../api.ts";
import { type Composition, composeCache, until } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

const CALLERS = 200;
const tenant = uniqueTenant();
const path = (key: string) => `/v1/cache/entries/${key}`;

let proxy: TcpProxy;
let sandboxes: Composition[];

beforeAll(async () => {
  proxy = await startTcpProxy(inject("redisUrl"));
  sandboxes = Array.from({ length: 8 }, () => composeCache(proxy.url, { tenant }));
  await Promise.all(sandboxes.map(({ connection }) => connection.ping()));
});
afterAll(async () => {
  for (const { connection } of sandboxes ?? []) await connection.close();
  await proxy?.close();
});

/** So many callers at once, spread over sandboxes that each have a connection of their own. */
function callAtOnce(key: string, query: Record<string, string>, callers = CALLERS): Promise<Answer>[] {
  return Array.from({ length: callers }, (_, number) => {
    const { api } = sandboxes[number % sandboxes.length] as Composition;
    return api("GET", path(key), { query });
  });
}

const first = () => sandboxes[0] as Composition;
const leasesOf = (answers: readonly Answer[]) =>
  answers.flatMap(({ headers }) => headers["cache-lease"] ?? []);
const fill = (key: string, lease: string | undefined, body = "filled") =>
  first().api("PUT", path(key), { body, headers: { "cache-lease": lease ?? "" } });

test("only one of 200 callers gets the lease, and all others are told that it is being filled", async () => {
  const answers = await Promise.all(callAtOnce("one", { lease: "10" }));
  expect(leasesOf(answers)).toHaveLength(1);
  expect(answers.filter(({ json }) => json.code === "cache_filling")).toHaveLength(CALLERS - 1);
});

test("of 200 callers who wait, one gets the lease and all others the value as soon as it is filled", async () => {
  const answering = callAtOnce("two", { lease: "10", wait: "5" });
  const holder = await Promise.race(answering);
  expect(leasesOf([holder])).toHaveLength(1);
  await sleep(300);
  const filledAt = performance.now();
  expect((await fill("two", leasesOf([holder])[0])).status).toBe(201);
  const answers = await Promise.all(answering);
  expect(performance.now() - filledAt).toBeLessThan(3000);
  expect(leasesOf(answers)).toHaveLength(1);
  expect(answers.filter(({ status, text }) => status === 200 && text === "filled")).toHaveLength(CALLERS - 1);
});

test("only one of 200 callers gets the lease though connections are reset while they ask", async () => {
  const answering = callAtOnce("cut", { lease: "30", wait: "1" });
  for (let cuts = 0; cuts < 5; cuts++) {
    await sleep(10);
    proxy.cut();
  }
  const answers = await Promise.all(answering);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  expect(leasesOf(answers)).toHaveLength(1);
});

test("when the holder dies, the lease goes to one of those who wait, and its value to the others", async () => {
  const [lost] = leasesOf(await Promise.all(callAtOnce("dead", { lease: "1" }, 1)));
  const answering = callAtOnce("dead", { lease: "10", wait: "5" }, 50);
  const heir = await Promise.race(answering);
  const [lease] = leasesOf([heir]);
  expect(lease, heir.text).toBeDefined();
  expect((await fill("dead", lost, "too late")).json.code).toBe("lease_lost");
  expect((await fill("dead", lease)).status).toBe(201);
  const answers = await Promise.all(answering);
  expect(leasesOf(answers)).toHaveLength(1);
  expect(answers.filter(({ text }) => text === "filled")).toHaveLength(49);
});

test("whoever asks for the lease gets it or learns that another has it, also in the moment when it ends", async () => {
  const answers: Answer[] = await Promise.all(callAtOnce("ends", { lease: "1" }, 1));
  while (leasesOf(answers).length < 2)
    answers.push(...(await Promise.all(callAtOnce("ends", { lease: "1" }, 16))));
  const others = answers.filter(({ headers }) => !headers["cache-lease"]);
  expect(new Set(others.map(({ json }) => json.code))).toEqual(new Set(["cache_filling"]));
});

test("a removal under waiting callers gives the lease to one of them and takes it from the holder", async () => {
  const [lost] = leasesOf(await Promise.all(callAtOnce("removed", { lease: "30" }, 1)));
  const answering = callAtOnce("removed", { lease: "30", wait: "5" }, 50);
  await sleep(100);
  expect((await first().api("DELETE", path("removed"))).status).toBe(204);
  const [lease] = leasesOf([await Promise.race(answering)]);
  expect((await fill("removed", lost, "stale")).json.code).toBe("lease_lost");
  expect((await fill("removed", lease)).status).toBe(201);
  for (const { status, text } of await Promise.all(answering))
    if (status === 200) expect(text).toBe("filled");
});

test("an invalidation in the middle of a stampede: nobody who asks afterwards sees what was put before", async () => {
  const put = (body: string) =>
    first().api("PUT", path("grouped"), { body, headers: { "cache-groups": '"g"' } });
  await put("old");
  const answering = callAtOnce("grouped", { lease: "30", wait: "2" });
  expect((await first().api("DELETE", "/v1/cache/groups/g")).status).toBe(204);
  const afterwards = callAtOnce("grouped", { lease: "30", wait: "2" });
  const answers = Promise.all([...answering, ...afterwards]);
  await until(
    () => Promise.race([...answering, ...afterwards]),
    () => true,
  );
  await sleep(100);
  await put("new");
  expect(leasesOf(await answers).length).toBeLessThanOrEqual(1);
  for (const { text, headers } of await Promise.all(afterwards))
    if (!headers["cache-lease"]) expect(text).toBe("new");
});

test("the lease over an invalidated entry goes to one of 200", async () => {
  await first().api("PUT", path("gone"), { body: "old", headers: { "cache-groups": '"h", "i"' } });
  await first().api("DELETE", "/v1/cache/groups/i");
  const answers = await Promise.all(callAtOnce("gone", { lease: "30" }));
  expect(leasesOf(answers)).toHaveLength(1);
  for (const { status } of answers) expect(status).toBe(404);
});

/** A token lives on with the entries of its group; the tenant's clock ends a day after the last invalidation. */
test("a lease fills a group that was invalidated long ago, when the clock of that time is forgotten", async () => {
  const headers = { "cache-groups": '"long-ago"' };
  await first().api("DELETE", "/v1/cache/groups/long-ago");
  await first().api("PUT", path("keeps-the-token"), { body: "x", headers });
  await first().connection.run((redis) => redis.unlink(`${tenant}:cache:{groups}:clock`));
  const [lease] = leasesOf(await Promise.all(callAtOnce("years-later", { lease: "30" }, 1)));
  const filled = await first().api("PUT", path("years-later"), {
    body: "filled",
    headers: { ...headers, "cache-lease": lease ?? "" },
  });
  expect(filled.status, filled.text).toBe(201);
});

test("an entry in as many groups as one may have is refreshed with a lease, and the lease fits in a header", async () => {
  const groups = Array.from(
    { length: 128 },
    (_, number) => `"group-${String(number).padStart(20, "0")}"`,
  ).join(", ");
  const headers = { "cache-control": "max-age=0, stale-while-revalidate=60", "cache-groups": groups };
  expect((await first().api("PUT", path("grouped-much"), { body: "old", headers })).status).toBe(201);
  const [lease] = leasesOf(await Promise.all(callAtOnce("grouped-much", { lease: "30" }, 1)));
  const filled = await first().api("PUT", path("grouped-much"), {
    body: "new",
    headers: { ...headers, "cache-lease": lease ?? "" },
  });
  expect(filled.status, filled.text).toBe(204);
});
