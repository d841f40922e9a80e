import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { type Composition, composeSessions } from "../composition.ts";
import { type Begun, createCaller, type SessionsCaller } from "../sessions/caller.ts";
import { type KilledServer, killUnderLoad, startKilledServer } from "./killed-server.ts";

let server: KilledServer;
let sandbox: Composition<unknown>;
let caller: SessionsCaller;
beforeAll(async () => {
  server = await startKilledServer();
  sandbox = composeSessions(server.url);
  caller = createCaller(sandbox.api);
});
afterAll(async () => {
  await sandbox?.connection.close();
  await server?.stop();
});

test("scripts that the server forgot are sent again, whatever is asked next", async () => {
  const admin = new Redis(server.url);
  const { session, token } = await caller.begin("flushed");
  const calls = [
    () => caller.verify(token),
    () => caller.get(session.id),
    () => caller.patch(session.id, { a: 1 }),
    () => caller.rotate(session.id),
    () => caller.list("flushed"),
    () => caller.create({ userId: "flushed" }),
    () => caller.end(session.id),
    () => caller.endAll("flushed"),
  ];
  for (const call of calls) {
    await admin.script("FLUSH");
    expect((await call()).status).toBeLessThan(300);
  }
  admin.disconnect();
});

test("what a patch answers is what came of it, also when the server forgot half of the scripts", async () => {
  const admin = new Redis(server.url);
  const other = composeSessions(server.url, { tenant: sandbox.tenant });
  const { session, token } = await caller.begin("half");
  await caller.patch(session.id, { round: 0 });
  for (let round = 1; round < 4; round++) {
    await admin.script("FLUSH");
    await createCaller(other.api).verify(token); // the server knows this script again, the others not
    const answer = await caller.patch(session.id, { round });
    expect(answer.json.session).toMatchObject({ data: { round }, version: 2 + round });
  }
  admin.disconnect();
  await other.connection.close();
});

test("kill -9 under load gives only 503 in time, and no login, patch or logout that was acknowledged is lost", async () => {
  const ended: Begun[] = [];
  /** The last patch of each. */
  const alive = new Map<Begun, number>();
  await killUnderLoad(server, async (userId, isServed, number) => {
    const created = caller.create({ userId });
    if (!(await isServed(created))) return;
    const begun: Begun = (await created).json;
    const { id } = begun.session;
    alive.set(begun, 0);
    for (let i = 1; i < 4; i++) if (await isServed(caller.patch(id, { i }))) alive.set(begun, i);
    await isServed(caller.verify(begun.token));
    if (number % 2) return;
    alive.delete(begun); // until it is answered, it may be there or not
    if (await isServed(caller.end(id))) ended.push(begun);
  });

  expect(Math.min(ended.length, alive.size)).toBeGreaterThan(20);
  for (const { token } of ended) expect(outcomeOf(await caller.verify(token))).toBe("401 session_revoked");
  for (const [{ token }, i] of alive) {
    const answer = await caller.verify(token);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json.session.data.i ?? 0).toBeGreaterThanOrEqual(i);
  }
});
