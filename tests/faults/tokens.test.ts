import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { type Composition, composeTokens, until } from "../composition.ts";
import { createCaller, grantOf, type Pair, type TokensCaller } from "../tokens/caller.ts";
import { type KilledServer, killUnderLoad, startKilledServer } from "./killed-server.ts";

let server: KilledServer;
let sandbox: Composition<unknown>;
let caller: TokensCaller;
beforeAll(async () => {
  server = await startKilledServer();
  sandbox = composeTokens(server.url, { environment: { TOKENS_REUSE_GRACE_SECONDS: "60" } });
  caller = createCaller(sandbox.api);
});
afterAll(async () => {
  await sandbox?.connection.close();
  await server?.stop();
});

test("scripts that the server forgot are sent again, whatever is asked next", async () => {
  const admin = new Redis(server.url);
  const { access_token, refresh_token } = await caller.begin("flushed");
  const other = await caller.begin("flushed");
  const calls = [
    () => caller.introspect(access_token),
    () => caller.refresh(refresh_token),
    () => caller.refresh(refresh_token),
    () => caller.list("flushed"),
    () => caller.issue({ userId: "flushed", clientId: "app", scope: "read" }),
    () => caller.revoke(access_token),
    () => caller.revoke(refresh_token),
    () => caller.endGrant(grantOf(other.access_token)),
    () => caller.endAll("flushed"),
  ];
  const replies: string[] = [];
  for (const call of calls) {
    await admin.script("FLUSH");
    const answer = await call();
    expect(answer.status, answer.text).toBeLessThan(300);
    replies.push(answer.text);
  }
  expect(replies[2], "a replay").toBe(replies[1]);
  admin.disconnect();
});

test("a token that was exchanged stays exchanged after kill -9 in the same moment", async () => {
  const first = await caller.begin("last");
  const second = await caller.refreshed(first.refresh_token);
  await server.kill();
  await server.start();
  const again = await until(
    () => caller.refresh(first.refresh_token),
    ({ status }) => status !== 503,
  );
  expect(again.json).toEqual(second);
  const third = await caller.refreshed(second.refresh_token);
  await server.kill();
  await server.start();
  const theft = await until(
    () => caller.refresh(first.refresh_token),
    ({ status }) => status !== 503,
  );
  expect(outcomeOf(theft)).toBe("400 invalid_grant");
  expect(await caller.isActive(third.access_token)).toBe(false);
});

test("kill -9 under load gives only 503 in time, and no issue, refresh or end that was acknowledged is lost", async () => {
  const former = new Set<string>();
  const ended: Pair[] = [];
  const alive = new Set<Pair>();
  await killUnderLoad(server, async (userId, isServed, number) => {
    const issued = caller.issue({ userId, clientId: "app", scope: "read" });
    if (!(await isServed(issued))) return;
    let pair: Pair = (await issued).json;
    for (let i = 0; i < 3; i++) {
      const refreshed = caller.refreshJson({ refresh_token: pair.refresh_token });
      if (!(await isServed(refreshed))) continue; // asks again with the same
      former.add(pair.refresh_token);
      pair = (await refreshed).json;
    }
    if (number % 2) alive.add(pair);
    else if (await isServed(caller.endGrant(grantOf(pair.access_token)))) ended.push(pair);
  });

  expect(Math.min(ended.length, alive.size)).toBeGreaterThan(20);
  for (const token of former) expect(await caller.isActive(token)).toBe(false);
  for (const { access_token, refresh_token } of ended) {
    expect(await caller.isActive(access_token)).toBe(false);
    expect(outcomeOf(await caller.refresh(refresh_token))).toBe("400 invalid_grant");
  }
  for (const { access_token, refresh_token } of alive) {
    expect(await caller.isActive(access_token)).toBe(true);
    expect((await caller.refresh(refresh_token)).status).toBe(200);
  }
});
