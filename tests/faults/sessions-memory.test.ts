import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningRedis } from "../../dev/redis/start-redis.ts";
import { type Answer, outcomeOf } from "../api.ts";
import { type Composition, composeSessions } from "../composition.ts";
import { type Begun, createCaller, idsOf, type SessionsCaller, type Shown } from "../sessions/caller.ts";
import { fillUp, startUnevicting } from "./full-redis.ts";

let server: RunningRedis;
let sandbox: Composition<unknown>;
let caller: SessionsCaller;
let admin: Redis;
let kept: Begun;

beforeAll(async () => {
  server = await startUnevicting();
  admin = new Redis(server.url);
  const environment = { SESSIONS_TOUCH_SECONDS: "0", SESSIONS_MAX_PER_USER: "4" };
  sandbox = composeSessions(server.url, { environment });
  caller = createCaller(sandbox.api);
  kept = await caller.begin("user", { data: { a: 1 } });
  for (let i = 0; i < 3; i++) await caller.begin("user");
  await fillUp(admin);
});
afterAll(async () => {
  admin?.disconnect();
  await sandbox?.connection.close();
  await server?.stop();
});

const FULL = "507 out_of_memory";

test.each<[string, () => Promise<Answer>]>([
  ["a login", () => caller.create({ userId: "somebody new" })],
  ["a login that would evict", () => caller.create({ userId: "user" })],
  ["a patch", () => caller.patch(kept.session.id, { a: 2, b: 3 })],
  ["a patch of one version", () => caller.patch(kept.session.id, { a: 2 }, { "if-match": '"1"' })],
  ["a rotation", () => caller.rotate(kept.session.id)],
])("%s is refused with 507 and changes nothing", async (_, write) => {
  const [keys, before] = [await admin.dbsize(), (await caller.list("user")).text];
  expect(outcomeOf(await write())).toBe(FULL);
  expect((await caller.list("user")).text).toBe(before);
  expect(await admin.dbsize()).toBe(keys);
  expect((await caller.list("somebody new")).json.sessions).toEqual([]);
});

test("sessions are verified, and stay alive by it, and are read and listed", async () => {
  const seen: Shown = (await caller.verify(kept.token)).json.session;
  expect(seen.lastSeenAt > kept.session.lastSeenAt).toBe(true);
  expect(seen.expiresAt > kept.session.expiresAt).toBe(true);
  expect((await caller.get(kept.session.id)).json.session).toEqual(seen);
  expect(idsOf(await caller.list("user"))).toHaveLength(4);
});

test("whoever wants out gets out: from one session, from all but one, and from all", async () => {
  const [first = ""] = idsOf(await caller.list("user"));
  expect(outcomeOf(await caller.end(first))).toBe("204");
  expect(outcomeOf(await caller.get(first))).toBe("404 session_revoked");
  expect(outcomeOf(await caller.endAll("user", kept.session.id))).toBe("204");
  expect(idsOf(await caller.list("user"))).toEqual([kept.session.id]);
  expect((await caller.verify(kept.token)).status).toBe(200);
  expect(outcomeOf(await caller.endAll("user"))).toBe("204");
  expect(outcomeOf(await caller.verify(kept.token))).toBe("401 session_revoked");
  expect(outcomeOf(await caller.endAll("user"))).toBe("204");
});

test("when there is room again sessions begin again", async () => {
  await admin.config("SET", "maxmemory", "0");
  const { token } = await caller.begin("user");
  expect((await caller.verify(token)).status).toBe(200);
});
