import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { uniqueTenant } from "../api.ts";
import { composeSessions } from "../composition.ts";
import { readPages, testPages } from "../cursors.ts";
import { createCaller, idsOf } from "./caller.ts";

const sandbox = composeSessions(inject("redisUrl"));
const { begin, verify, patch, end, list } = createCaller(sandbox.api);
afterAll(() => sandbox.connection.close());

/** Begins sessions one after the other; gives their ids, newest first. */
async function beginMany(userId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    ids.unshift((await begin(userId, { device: `${i}` })).session.id);
    await sleep(2); // those of one millisecond come in any order
  }
  return ids;
}

const readAll = (userId: string, limit: number, between?: () => Promise<unknown>) =>
  readPages((query) => list(userId, query), limit, idsOf, between);

test("a user's sessions are listed newest first, whole, page by page", async () => {
  const ids = await beginMany("pages", 7);
  expect(await readAll("pages", 3)).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)]);
  expect(await readAll("pages", 7)).toEqual([ids]);
  const { session } = await begin("pages", { data: { a: 1 }, device: "last" });
  expect((await list("pages", { limit: "1" })).json.sessions).toEqual([session]);
});

test("a user without sessions has an empty list", async () => {
  const answer = await list("nobody");
  expect([answer.status, answer.json]).toEqual([200, { sessions: [] }]);
  expect(answer.headers.link).toBeUndefined();
});

test("a page has 50 sessions unless the caller says otherwise", async () => {
  await Promise.all(Array.from({ length: 51 }, () => begin("fifty")));
  const page = await list("fifty");
  expect([idsOf(page).length, typeof page.json.next]).toEqual([50, "string"]);
});

test("the pages do not shift while sessions are seen, patched, begun and ended", async () => {
  const ids = await beginMany("busy", 6);
  const kept = ids.filter((_, index) => index !== 3);
  const pages = await readAll("busy", 2, async () => {
    const { token, session } = await begin("busy");
    await verify(token);
    await patch(ids[0] ?? "", { seen: Date.now() });
    await end(session.id);
    await end(ids[3] ?? "");
  });
  expect(pages.flat()).toEqual(kept);
});

testPages({
  api: sandbox.api,
  list,
  stranger: createCaller(sandbox.apiOf(uniqueTenant())).list,
  beginMany,
  idsOf,
});
