import { expect, test } from "vitest";
import { locksContract } from "../../lib/locks/contract.ts";
import { outcomeOf } from "../api.ts";
import { composeLocks, until } from "../composition.ts";
import { createCaller, type Granted } from "../locks/caller.ts";
import { describeLostReplies, newKey, type Operation, sendTwice, startCallers } from "./lost-replies.ts";

const { line, caller, other } = await startCallers(composeLocks, createCaller);

/** How a lock stands, and how many tokens it has given since it was new. */
async function stateOf(name: string, first = 0) {
  const { fencingToken, ...state } = (await other.get(name)).json;
  return JSON.stringify([state, first && fencingToken - first]);
}

/** A lock that somebody has, and somebody else's ticket. */
async function takeAndQueue(name: string) {
  const granted = await other.take(name, { owner: "first" });
  return { ...granted, ticket: await other.queueUp(name) };
}
type Queued = Awaited<ReturnType<typeof takeAndQueue>>;

const operations: Record<string, Operation> = {
  "taking a lock": {
    of: "acquireLock",
    run: (name) => caller.acquire(name),
    state: async (name, { json }) => [
      await stateOf(name, json.fencingToken),
      (await other.extend(name, json.token)).status,
    ],
  },
  "taking a lock with a key": {
    of: "acquireLock",
    run: (name) => caller.acquire(name, {}, { "idempotency-key": name }),
    state: (name, { json }) => stateOf(name, json.fencingToken),
  },
  "taking a permit": {
    of: "acquireLock",
    prepare: (name) => other.take(name, { permits: 3 }),
    run: (name) => caller.acquire(name, { permits: 3 }),
    state: (name, { json }) => stateOf(name, json.fencingToken),
  },
  "taking a place": {
    of: "acquireLock",
    prepare: takeAndQueue,
    run: (name) => caller.acquire(name),
    state: async (name, { json }) => [
      await stateOf(name),
      (await other.acquire(name, { ticket: json.ticket })).json.position,
    ],
  },
  "taking a place with a key": {
    of: "acquireLock",
    prepare: takeAndQueue,
    run: (name) => caller.acquire(name, {}, { "idempotency-key": name }),
    state: async (name, { json }) => [
      await stateOf(name),
      (await other.acquire(name, {}, { "idempotency-key": name })).json.ticket === json.ticket,
    ],
  },
  "coming back for a lock": {
    of: "acquireLock",
    prepare: async (name) => {
      const queued = await takeAndQueue(name);
      await other.release(name, queued.token);
      return queued;
    },
    run: (name, prepared) => caller.acquire(name, { ticket: (prepared as Queued).ticket }),
    state: (name, _, prepared) => stateOf(name, (prepared as Queued).fencingToken),
  },
  "taking several": {
    of: "acquireLocks",
    run: (name) => caller.acquireAll([`${name}/a`, `${name}/b`]),
    state: async (name, { json }) => [
      await stateOf(`${name}/a`, json.locks[0].fencingToken),
      await stateOf(`${name}/b`, json.locks[1].fencingToken),
    ],
  },
  "extending a lock": {
    of: "extendLock",
    prepare: (name) => other.take(name),
    run: (name, prepared) => caller.extend(name, (prepared as Granted).token, 60),
    state: (name) => stateOf(name),
  },
  "giving up a lock": {
    of: "releaseLock",
    prepare: takeAndQueue,
    run: (name, prepared) => caller.release(name, (prepared as Queued).token),
    state: async (name, _, prepared) => [
      await stateOf(name),
      (await other.acquire(name, { ticket: (prepared as Queued).ticket })).status,
    ],
  },
  "giving up a place": {
    of: "releaseLock",
    prepare: takeAndQueue,
    run: (name, prepared) => caller.release(name, (prepared as Queued).ticket),
    state: (name) => stateOf(name),
  },
};

/** Ids of requests, tokens of locks and of fencing, and times. */
const changing = /urn:uuid:[\w-]+|[sx][\w-]{43}|\b\d{16}\b|\d{4}-\d\d-\d\dT[\d:.]+Z/g;
describeLostReplies(locksContract, operations, () => line, changing);

const untilHeld = (name: string, holding: number) =>
  until(
    () => other.get(name),
    ({ json }) => json.holding === holding,
  );

test("a lock that is given up twice, the reply being lost, is not taken from who had it meanwhile", async () => {
  const name = newKey();
  const { token } = await other.take(name);
  let next: Granted | undefined;
  const release = () => caller.release(name, token);
  const answer = await sendTwice(line, release, async () => {
    await untilHeld(name, 0);
    next = await other.take(name);
  });
  expect(answer.status).toBe(204);
  expect((await other.extend(name, next?.token ?? "")).status).toBe(200);
});

test("an extension that is sent again counts once", async () => {
  const name = newKey();
  const { token } = await other.take(name);
  const before = (await other.get(name)).json.holders[0].expiresAt;
  const extend = () => caller.extend(name, token, 3600);
  const answer = await sendTwice(line, extend, () =>
    until(
      () => other.get(name),
      ({ json }) => json.holders[0].expiresAt !== before,
    ),
  );
  expect(answer.json.expiresAt).toBe((await other.get(name)).json.holders[0].expiresAt);
  // The text of a grant has the number of extensions, which nothing tells but the limit.
  const grants = line.other.connection.run((redis) =>
    redis.hvals(`${line.sandbox.tenant}:locks:{${name}}:grants-`),
  );
  expect((await grants)[0]).toMatch(/^\d+ 1 $/);
});

test("a lock that is taken twice, the reply being lost, is granted once, and somebody behind is not overtaken", async () => {
  const name = newKey();
  let behind = "";
  const answer = await sendTwice(
    line,
    () => caller.acquire(name),
    async () => {
      await untilHeld(name, 1);
      behind = await other.queueUp(name);
    },
  );
  expect(answer.status).toBe(201);
  expect((await other.get(name)).json).toMatchObject({
    fencingToken: answer.json.fencingToken,
    holding: 1,
    waiting: 1,
  });
  expect(outcomeOf(await other.acquire(name, { ticket: behind }))).toBe("409 lock_held");
});
