import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { homeOf } from "../../lib/opaque-token.ts";
import { sessionKeys } from "../../lib/redis/keys.ts";
import { outcomeOf, uniqueTenant } from "../api.ts";
import { composeSessions } from "../composition.ts";
import { createCaller, idsOf } from "./caller.ts";

const MAX = { SESSIONS_MAX_PER_USER: "3" };
const sandbox = composeSessions(inject("redisUrl"), { environment: MAX });
/** Writes down every time that a session is seen. */
const attentive = composeSessions(inject("redisUrl"), {
  environment: { ...MAX, SESSIONS_TOUCH_SECONDS: "0" },
});
const caller = createCaller(sandbox.api);
const { create, begin, verify, get, patch, rotate, end, endAll } = caller;
afterAll(async () => {
  await sandbox.connection.close();
  await attentive.connection.close();
});

const DAY_MS = 86_400_000;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test("a session begins as it was asked for, and says where it is", async () => {
  const data = { cart: { items: [1, {}, []], note: null }, name: "ü€𝄞" };
  const answer = await create({
    userId: "ü/x",
    data,
    device: "phone",
    idleSeconds: 60,
    absoluteSeconds: 600,
  });
  const { session, token, evicted } = answer.json;
  expect(answer.status).toBe(201);
  expect(session).toMatchObject({ userId: "ü/x", device: "phone", data, version: 1 });
  expect(session.createdAt).toMatch(ISO);
  expect(session.lastSeenAt).toBe(session.createdAt);
  expect(Date.parse(session.expiresAt) - Date.parse(session.createdAt)).toBe(60_000);
  expect(Date.parse(session.absoluteExpiresAt) - Date.parse(session.createdAt)).toBe(600_000);
  expect(evicted).toEqual([]);
  expect(answer.headers).toMatchObject({
    location: `/v1/sessions/${session.id}`,
    etag: '"1"',
    "cache-control": "no-store",
  });
  expect((await get(session.id)).json).toEqual({ session });
  expect((await verify(token)).json.session).toEqual(session);
});

test("what is not asked for is what is set: a day idle, 30 days at most, no data, no device", async () => {
  const { session } = await begin("defaults");
  const since = (time: string) => Date.parse(time) - Date.parse(session.createdAt);
  expect([since(session.expiresAt), since(session.absoluteExpiresAt)]).toEqual([DAY_MS, 30 * DAY_MS]);
  expect([session.data, "device" in session]).toEqual([{}, false]);
});

test("a session shorter than the idle time that is set is idle no longer than it lives", async () => {
  const { session } = await begin("short", { absoluteSeconds: 60 });
  expect(session.expiresAt).toBe(session.absoluteExpiresAt);
});

test("a token has 256 random bits, and no two are the same", async () => {
  const tokens = await Promise.all(Array.from({ length: 50 }, (_, i) => begin(`user-${i}`)));
  const secrets = tokens.map(({ token }) => Buffer.from(token.split(".")[1] ?? "", "base64url"));
  expect(new Set(secrets.map((secret) => secret.toString("hex"))).size).toBe(50);
  for (const secret of secrets) expect(secret.length).toBe(32);
});

test("an ended session is gone for its token and for its id, and ending it again is fine", async () => {
  const { session, token } = await begin("ends", { data: { a: 1 } });
  for (let time = 0; time < 2; time++) expect((await end(session.id)).status).toBe(204);
  expect(outcomeOf(await verify(token))).toBe("401 session_revoked");
  expect(outcomeOf(await get(session.id))).toBe("404 session_revoked");
});

test("nothing brings an ended session back: no patch, no verification, no rotation", async () => {
  const { session, token } = await begin("back");
  await end(session.id);
  for (let time = 0; time < 2; time++) {
    expect(outcomeOf(await patch(session.id, { a: 1 }))).toBe("404 session_revoked");
    expect(outcomeOf(await rotate(session.id))).toBe("404 session_revoked");
    expect(outcomeOf(await verify(token))).toBe("401 session_revoked");
  }
  expect(idsOf(await caller.list("back"))).toEqual([]);
});

test("an id or a token that nobody was given is unknown, also with the secret of another session", async () => {
  const [one, other] = [await begin("known"), await begin("known")];
  const [, secret] = other.token.split(".");
  const strange = one.session.id.replace(/.{11}$/, "AAAAAAAAAAA");
  for (const token of [`${one.session.id}.${secret}`, `${strange}.${secret}`])
    expect(outcomeOf(await verify(token))).toBe("401 session_unknown");
  expect(outcomeOf(await get(strange))).toBe("404 session_unknown");
  expect(outcomeOf(await patch(strange, { a: 1 }))).toBe("404 session_unknown");
  expect(outcomeOf(await rotate(strange))).toBe("404 session_unknown");
  expect(outcomeOf(await end(strange))).toBe("204");
});

test("a user with as many sessions as there may be loses the one seen longest ago, and is told which", async () => {
  const seen = createCaller(attentive.api);
  const first = await seen.begin("full", { idleSeconds: 60 });
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) {
    ids.push((await seen.begin("full")).session.id);
    await sleep(2); // those of one millisecond have no order
  }
  await seen.verify(first.token); // the oldest, and the next to expire, but seen last
  const next = await seen.begin("full");
  expect(next.evicted).toEqual([ids[0]]);
  expect(outcomeOf(await seen.get(ids[0] ?? ""))).toBe("404 session_revoked");
  expect(idsOf(await seen.list("full")).sort()).toEqual([first.session.id, ids[1], next.session.id].sort());
});

test.each(["ends", "seen"] as const)(
  "the limit holds to the session when Redis has evicted %s",
  async (index) => {
    const userId = `without ${index}`;
    for (let i = 0; i < 3; i++) await begin(userId);
    const key = sessionKeys[index](sandbox.tenant, { home: homeOf(sandbox.tenant, userId) });
    expect(await sandbox.connection.run((redis) => redis.unlink(key))).toBe(1);
    for (let i = 0; i < 5; i++) {
      const { session } = await begin(userId);
      const ids = idsOf(await caller.list(userId));
      expect(ids).toContain(session.id);
      expect(ids).toHaveLength(index === "ends" ? Math.min(i + 1, 3) : 3);
    }
  },
);

test("all sessions of a user end at once, but for one if it is named", async () => {
  const begun = [await begin("all"), await begin("all"), await begin("all")];
  const [kept, ...ended] = begun as [(typeof begun)[0], ...typeof begun];
  const stranger = await begin("somebody else");
  expect((await endAll("all", kept.session.id)).status).toBe(204);
  for (const { token } of ended) expect(outcomeOf(await verify(token))).toBe("401 session_revoked");
  expect((await verify(kept.token)).status).toBe(200);
  expect((await endAll("all", stranger.session.id)).status).toBe(400);
  expect((await endAll("all")).status).toBe(204);
  expect((await endAll("all")).status).toBe(204);
  expect(outcomeOf(await verify(kept.token))).toBe("401 session_revoked");
  expect((await verify(stranger.token)).status).toBe(200);
});

test("a tenant never sees, changes or ends another tenant's session, though it knows its id and its token", async () => {
  const other = createCaller(sandbox.apiOf(uniqueTenant()));
  const { session, token } = await begin("same", { data: { a: 1 } });
  const theirs = await other.begin("same");
  expect(outcomeOf(await other.verify(token))).toBe("401 session_unknown");
  expect(outcomeOf(await other.get(session.id))).toBe("404 session_unknown");
  expect(outcomeOf(await other.patch(session.id, { a: 2 }))).toBe("404 session_unknown");
  expect(outcomeOf(await other.rotate(session.id))).toBe("404 session_unknown");
  expect(idsOf(await other.list("same"))).toEqual([theirs.session.id]);
  await other.end(session.id);
  await other.endAll("same", session.id);
  expect((await verify(token)).json.session).toEqual(session);
  expect(idsOf(await caller.list("same"))).toEqual([session.id]);
});
