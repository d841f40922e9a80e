import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { uniqueTenant } from "../api.ts";
import { composeTokens } from "../composition.ts";
import { readPages, testPages } from "../cursors.ts";
import { createCaller, grantOf, idsOf } from "./caller.ts";

const sandbox = composeTokens(inject("redisUrl"));
const { begin, refreshed, list, endGrant } = createCaller(sandbox.api);
afterAll(() => sandbox.connection.close());

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MONTH_MS = 2_592_000_000;

/** Begins grants one after the other; gives their ids, newest first. */
async function beginMany(userId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    ids.unshift(grantOf((await begin(userId, { device: `${i}` })).refresh_token));
    await sleep(2); // those of one millisecond come in any order
  }
  return ids;
}

const readAll = (userId: string, limit: number, between?: () => Promise<unknown>) =>
  readPages((query) => list(userId, query), limit, idsOf, between);

test("a grant is listed with all that its user should know of it, and no token", async () => {
  const first = await begin("told", { clientId: "äpp", scope: "read", device: "phone" });
  const answer = await list("told");
  const [grant] = answer.json.grants;
  const { createdAt, expiresAt } = grant;
  const id = grantOf(first.refresh_token);
  expect(answer.json).toEqual({
    grants: [{ id, clientId: "äpp", scope: "read", device: "phone", createdAt, expiresAt }],
  });
  expect(createdAt).toMatch(ISO);
  expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(MONTH_MS);
  expect(answer.headers).toEqual({
    "content-type": "application/json",
    "cache-control": "no-store",
    pragma: "no-cache",
  });

  const next = await refreshed(first.refresh_token);
  const after = await list("told");
  const { refreshedAt } = after.json.grants[0];
  expect(after.json.grants).toEqual([{ ...grant, refreshedAt }]);
  expect(refreshedAt).toMatch(ISO);
  for (const token of [first.refresh_token, next.refresh_token, next.access_token])
    expect(after.text).not.toContain(token.split(".")[1]);
});

test("a user's grants are listed newest first, page by page", async () => {
  const ids = await beginMany("pages", 7);
  expect(await readAll("pages", 3)).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)]);
  expect(await readAll("pages", 7)).toEqual([ids]);
});

test("a user without grants has an empty list", async () => {
  const answer = await list("nobody");
  expect([answer.status, answer.json, answer.headers.link]).toEqual([200, { grants: [] }, undefined]);
});

test("a page has 50 grants unless the caller says otherwise", async () => {
  await Promise.all(Array.from({ length: 51 }, () => begin("fifty")));
  const page = await list("fifty");
  expect([idsOf(page).length, typeof page.json.next]).toEqual([50, "string"]);
  expect(idsOf(await list("fifty", { limit: "100" })).length).toBe(51);
});

test("the pages do not shift while grants are refreshed, begun and ended", async () => {
  const { refresh_token } = await begin("busy");
  await sleep(2);
  const ids = await beginMany("busy", 6);
  const kept = ids.filter((_, index) => index !== 3);
  let token = refresh_token;
  const pages = await readAll("busy", 2, async () => {
    token = (await refreshed(token)).refresh_token;
    await endGrant(grantOf((await begin("busy")).refresh_token));
    await endGrant(ids[3] ?? "");
  });
  expect(pages.flat()).toEqual([...kept, grantOf(refresh_token)]);
});

testPages({
  api: sandbox.api,
  list,
  stranger: createCaller(sandbox.apiOf(uniqueTenant())).list,
  beginMany,
  idsOf,
});
