import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, inject, test } from "vitest";
import { homeOf } from "../../lib/opaque-token.ts";
import { sessionKeys } from "../../lib/redis/keys.ts";
import { outcomeOf } from "../api.ts";
import { composeSessions } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller, idsOf } from "./caller.ts";

const sandbox = composeSessions(inject("redisUrl"), {
  environment: { SESSIONS_ROTATION_GRACE_SECONDS: "1", SESSIONS_TOUCH_SECONDS: "1" },
});
const hasty = composeSessions(inject("redisUrl"), {
  environment: { SESSIONS_ROTATION_GRACE_SECONDS: "0", SESSIONS_TOUCH_SECONDS: "0" },
});
const { begin, verify, get, patch, rotate, end, list } = createCaller(sandbox.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
  await hasty.connection.close();
});

const SHORT = { idleSeconds: 1, absoluteSeconds: 60 };
const indexOf = (userId: string) => {
  const home = { home: homeOf(sandbox.tenant, userId) };
  return [sessionKeys.ends(sandbox.tenant, home), sessionKeys.seen(sandbox.tenant, home)] as const;
};
const sizes = (userId: string) => Promise.all(indexOf(userId).map((key) => raw.zcard(key)));

describe.concurrent("time", () => {
  test("ends a session that is not seen, and says so for its token and its id", async ({ expect }) => {
    const { session, token } = await begin("idle", { idleSeconds: 2 });
    await sleep(600);
    expect((await get(session.id)).json.session, "to look is not to see").toEqual(session);
    await sleep(1500);
    expect(outcomeOf(await verify(token))).toBe("401 session_expired");
    expect(outcomeOf(await get(session.id))).toBe("404 session_expired");
    expect(outcomeOf(await patch(session.id, { a: 1 }))).toBe("404 session_expired");
    expect(outcomeOf(await rotate(session.id))).toBe("404 session_expired");
    expect(outcomeOf(await end(session.id))).toBe("204");
    expect(outcomeOf(await verify(token))).toBe("401 session_expired");
  });

  test("begins anew whenever the session is seen, and ends it at last all the same", async ({ expect }) => {
    const { session, token } = await begin("seen", { idleSeconds: 2, absoluteSeconds: 4 });
    let last = session.expiresAt;
    for (let i = 0; i < 3; i++) {
      await sleep(800);
      const seen = (await verify(token)).json.session;
      expect(seen.expiresAt > last).toBe(true);
      expect(seen.expiresAt <= session.absoluteExpiresAt).toBe(true);
      last = seen.expiresAt;
    }
    expect(last).toBe(session.absoluteExpiresAt);
    await sleep(1800);
    expect(outcomeOf(await verify(token))).toBe("401 session_expired");
  });

  test("is written down at most once in a tenth of the idle time, however hot the session is", async ({
    expect,
  }) => {
    const { session, token } = await begin("hot", SHORT);
    const times = new Set<string>();
    const startedAt = performance.now();
    while (performance.now() - startedAt < 550) times.add((await verify(token)).json.session.lastSeenAt);
    const tookMs = performance.now() - startedAt;
    expect(times.size).toBeGreaterThan(1);
    expect(times.size).toBeLessThanOrEqual(1 + tookMs / 100);
    expect((await get(session.id)).json.session.lastSeenAt).toBe([...times].at(-1));
  });

  test("is written down at most once in the interval that is set", async ({ expect }) => {
    const { session, token } = await begin("set", { idleSeconds: 600 });
    await sleep(500);
    expect((await verify(token)).json.session).toEqual(session);
    await sleep(600);
    const seen = (await verify(token)).json.session;
    expect(seen.lastSeenAt > session.lastSeenAt).toBe(true);
    expect(Date.parse(seen.expiresAt) - Date.parse(seen.lastSeenAt)).toBe(600_000);
  });

  test("lets a replaced token pass for its grace and no longer, and never the newest", async ({ expect }) => {
    const { session, token } = await begin("rotated");
    const first = (await rotate(session.id)).json;
    expect(first.session).toEqual(session);
    expect((await verify(token)).status).toBe(200);
    await sleep(600);
    const second = (await rotate(session.id)).json;
    await sleep(500);
    expect(outcomeOf(await verify(token))).toBe("401 session_unknown");
    expect((await verify(first.token)).status).toBe(200);
    await sleep(600);
    expect(outcomeOf(await verify(first.token))).toBe("401 session_unknown");
    expect((await verify(second.token)).json.session.id).toBe(session.id);
  });

  test("takes an expired session out of the index with the next listing or login", async ({ expect }) => {
    for (const userId of ["listed", "begun"]) await begin(userId, SHORT);
    const kept = await begin("listed");
    await begin("begun");
    expect(await sizes("listed")).toEqual([2, 2]);
    await sleep(1100);
    expect(idsOf(await list("listed"))).toEqual([kept.session.id]);
    expect(await sizes("listed")).toEqual([1, 1]);
    await begin("begun");
    expect(await sizes("begun")).toEqual([2, 2]);
  });

  test("takes an expired session out of the index when another of the user is seen", async ({ expect }) => {
    await begin("swept", SHORT);
    const { token } = await begin("swept");
    await sleep(1100);
    expect((await verify(token)).status).toBe(200);
    expect(await sizes("swept")).toEqual([1, 1]);
  });

  test("takes the whole index away with its last session", async ({ expect }) => {
    await begin("alone", SHORT);
    await sleep(1100);
    expect(await raw.exists(...indexOf("alone"))).toBe(0);
  });
});

test("without a grace a replaced token ends at once", async () => {
  const impatient = createCaller(hasty.api);
  const { session, token } = await impatient.begin("impatient");
  const rotated = (await impatient.rotate(session.id)).json;
  expect(outcomeOf(await impatient.verify(token))).toBe("401 session_unknown");
  expect((await impatient.verify(rotated.token)).status).toBe(200);
});

test("a session that is seen keeps the index of its user alive", async () => {
  const calls = createCaller(hasty.api);
  const { token } = await calls.begin("renewed", { idleSeconds: 100 });
  const home = { home: homeOf(hasty.tenant, "renewed") };
  const index = [sessionKeys.ends(hasty.tenant, home), sessionKeys.seen(hasty.tenant, home)];
  for (const key of index) expect(await raw.pexpire(key, 5000)).toBe(1);
  expect((await calls.verify(token)).status).toBe(200);
  for (const key of index) expect(await raw.pttl(key), key).toBeGreaterThan(90_000);
});

test("every key lives no longer than it is needed: the index as its last session, a session an hour more", async () => {
  const calls = createCaller(hasty.api);
  const { session } = await calls.begin("lives", { idleSeconds: 100 });
  const longer = await calls.begin("lives", { idleSeconds: 500 });
  await calls.patch(session.id, { a: 1 });
  await calls.rotate(session.id);
  await calls.endAll("lives", longer.session.id);
  for (const key of await keysOf(raw, `${hasty.tenant}:*{${homeOf(hasty.tenant, "lives")}}*`)) {
    const seconds = (await raw.pttl(key)) / 1000;
    expect(seconds, key).toBeGreaterThan(0);
    expect(seconds, key).toBeLessThanOrEqual(key.includes(":session-") ? 4100 : 500);
  }
});
