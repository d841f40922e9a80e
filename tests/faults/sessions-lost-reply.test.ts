import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { sessionsContract } from "../../lib/sessions/contract.ts";
import { outcomeOf } from "../api.ts";
import { type CompositionOptions, composeSessions, until } from "../composition.ts";
import { type Begun, createCaller, idsOf, type Shown } from "../sessions/caller.ts";
import { describeLostReplies, newKey, type Operation, sendTwice, startCallers } from "./lost-replies.ts";

/** Each verification writes, and a third login evicts. */
const environment = { SESSIONS_TOUCH_SECONDS: "0", SESSIONS_MAX_PER_USER: "2" };
const compose = (redisUrl: string, options: CompositionOptions = {}) =>
  composeSessions(redisUrl, { ...options, environment });

const { line, caller, other } = await startCallers(compose, createCaller);

async function begin(userId: string, device = "first"): Promise<Begun> {
  const begun = await other.begin(userId, { device, data: { a: 1 } });
  await sleep(2); // those of one millisecond have no order
  return begun;
}
const listed = async (userId: string) => (await other.list(userId)).text;
const asBegun = (prepared: unknown) => prepared as Begun;

const operations: Record<string, Operation> = {
  "a login": {
    of: "createSession",
    run: (userId) => caller.create({ userId, data: { a: 1 } }),
    state: async (userId, { json }) => [outcomeOf(await other.verify(json.token)), await listed(userId)],
  },
  "a login that evicts": {
    of: "createSession",
    prepare: async (userId) => [await begin(userId), await begin(userId, "second")],
    run: (userId) => caller.create({ userId, device: "third" }),
    state: async (userId, { json }) => [json.evicted.length, await listed(userId)],
  },
  "a verification": {
    of: "verifySession",
    prepare: (userId) => begin(userId),
    run: (_, prepared) => caller.verify(asBegun(prepared).token),
    state: listed,
  },
  "a patch": {
    of: "patchSession",
    prepare: (userId) => begin(userId),
    run: (_, prepared) => caller.patch(asBegun(prepared).session.id, { a: null, b: 2 }),
    state: listed,
  },
  "a patch of one version": {
    of: "patchSession",
    prepare: (userId) => begin(userId),
    run: (_, prepared) => caller.patch(asBegun(prepared).session.id, { b: 2 }, { "if-match": '"1"' }),
    state: listed,
  },
  "a rotation": {
    of: "rotateSession",
    prepare: (userId) => begin(userId),
    run: (_, prepared) => caller.rotate(asBegun(prepared).session.id),
    state: async (userId, { json }, prepared) => [
      outcomeOf(await other.verify(json.token)),
      outcomeOf(await other.verify(asBegun(prepared).token)),
      await listed(userId),
    ],
  },
  "a logout": {
    of: "deleteSession",
    prepare: (userId) => begin(userId),
    run: (_, prepared) => caller.end(asBegun(prepared).session.id),
    state: async (userId, _, prepared) => [
      outcomeOf(await other.verify(asBegun(prepared).token)),
      await listed(userId),
    ],
  },
  "a logout everywhere but here": {
    of: "deleteSessions",
    prepare: async (userId) => [await begin(userId, "here"), await begin(userId, "there")],
    run: (userId, prepared) => caller.endAll(userId, (prepared as Begun[])[0]?.session.id),
    state: listed,
  },
};

/** Ids of requests, ids of sessions with or without a secret, and times. */
const changing = /urn:uuid:[\w-]+|[\w-]{20}[0-9a-z]{9}[\w-]{11}(\.[\w-]{43})?|\d{4}-\d\d-\d\dT[\d:.]+Z/g;
describeLostReplies(sessionsContract, operations, () => line, changing);

const untilPatched = (id: string) =>
  until(
    () => other.get(id),
    ({ json }) => json.session.version === 2,
  );

test("a patch that is sent again never undoes what somebody else wrote since it ran", async () => {
  const { session } = await begin(newKey());
  const patch = () => caller.patch(session.id, { a: "old" });
  const answer = await sendTwice(line, patch, async () => {
    await untilPatched(session.id);
    await other.patch(session.id, { a: "new" });
  });
  expect(answer.json.session).toMatchObject({ data: { a: "new" }, version: 3 });
});

test("a patch that is sent again never brings back what somebody ended since it ran", async () => {
  const { session } = await begin(newKey());
  const patch = () => caller.patch(session.id, { a: "old" });
  const answer = await sendTwice(line, patch, async () => {
    await untilPatched(session.id);
    await other.end(session.id);
  });
  expect(outcomeOf(answer)).toBe("404 session_revoked");
  expect(outcomeOf(await other.get(session.id))).toBe("404 session_revoked");
});

test("a login that is sent again is not one again after somebody ended it", async () => {
  const userId = newKey();
  const login = () => caller.create({ userId });
  const answer = await sendTwice(line, login, async () => {
    await until(
      () => other.list(userId),
      (page) => idsOf(page).length === 1,
    );
    await other.endAll(userId);
  });
  expect(outcomeOf(await other.verify(answer.json.token))).toBe("401 session_revoked");
});

test("a logout everywhere that is sent again does not end who has logged in since it ran", async () => {
  const userId = newKey();
  const { proxy } = line;
  await begin(userId);
  const before = proxy.roundTrips();
  const logout = caller.endAll(userId);
  while (proxy.roundTrips() === before) await setImmediate(); // it has learnt who is there
  proxy.faults.swallowReplies = true;
  await until(
    () => other.list(userId),
    (page) => idsOf(page).length === 0,
  );
  await begin(userId, "later");
  proxy.faults.swallowReplies = false;
  expect((await logout).status).toBe(204);
  expect((await other.list(userId)).json.sessions.map(({ device }: Shown) => device)).toEqual(["later"]);
});
