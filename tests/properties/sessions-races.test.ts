import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Answer, outcomeOf } from "../api.ts";
import { type Composition, composeSessions } from "../composition.ts";
import { type Begun, createCaller, idsOf, type SessionsCaller, type Shown } from "../sessions/caller.ts";
import { environment, MAX_PER_USER } from "./sessions-world.ts";

let sandboxes: Composition<unknown>[];
let callers: SessionsCaller[];
/** Several sandboxes of one tenant, each with its own connection. */
beforeAll(async () => {
  const first = composeSessions(inject("redisUrl"), { environment });
  const others = Array.from({ length: 3 }, () =>
    composeSessions(inject("redisUrl"), { environment, tenant: first.tenant }),
  );
  sandboxes = [first, ...others];
  callers = sandboxes.map(({ api }) => createCaller(api));
  await Promise.all(sandboxes.map(({ connection }) => connection.ping()));
});
afterAll(async () => {
  for (const { connection } of sandboxes ?? []) await connection.close();
});

let users = 0;
const callerOf = (number: number) => callers[number % callers.length] as SessionsCaller;

type Step = (caller: SessionsCaller, begun: Begun) => Promise<Answer>;
const uses = fc.constantFrom<Step>(
  (caller, { token }) => caller.verify(token),
  (caller, { session }) => caller.patch(session.id, { a: 1 }),
  (caller, { session }) => caller.patch(session.id, { a: { b: 1 } }, { "if-match": "*" }),
  (caller, { session }) => caller.rotate(session.id),
  (caller, { session }) => caller.list(session.userId),
);
const ends = fc.constantFrom<Step>(
  (caller, { session }) => caller.end(session.id),
  (caller, { session }) => caller.endAll(session.userId),
);

test("whatever races a logout, the session is gone when all are answered, and nothing brings it back", async () => {
  const steps = fc.tuple(fc.array(uses, { minLength: 1, maxLength: 10 }), ends, fc.nat({ max: 10 }));
  const property = fc.asyncProperty(steps, async ([before, end, at]) => {
    const begun = await callerOf(0).begin(`user-${users++}`, { data: { a: 0 } });
    const answers = await Promise.all(
      before.toSpliced(at, 0, end).map((step, i) => step(callerOf(i), begun)),
    );
    const outcomes = new Set(answers.map(outcomeOf));
    for (const expected of ["200", "204", "401 session_revoked", "404 session_revoked"])
      outcomes.delete(expected);
    expect([...outcomes]).toEqual([]);
    for (const caller of callers) {
      expect(outcomeOf(await caller.verify(begun.token))).toBe("401 session_revoked");
      expect(idsOf(await caller.list(begun.session.userId))).toEqual([]);
    }
  });
  await fc.assert(property, { numRuns: 100 });
});

test("fifty patches of different fields at once, over several connections, all survive a rotation and a verification", async () => {
  const { session, token } = await callerOf(0).begin("fields", { data: { deep: {} } });
  const patches = Array.from({ length: 50 }, (_, i) =>
    callerOf(i).patch(session.id, { [`f${i}`]: i, deep: { [`f${i}`]: i } }),
  );
  await Promise.all([...patches, callerOf(1).rotate(session.id), callerOf(2).verify(token)]);
  const versions = (await Promise.all(patches)).map(({ json }) => json.session.version);
  expect(Math.max(...versions)).toBe(51);
  const shown: Shown = (await callerOf(3).get(session.id)).json.session;
  const fields = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, i]));
  expect([shown.data, shown.version]).toEqual([{ ...fields, deep: fields }, 51]);
});

test("many logins of one user at once leave as many sessions as there may be, and each other one was named once", async () => {
  const begun = await Promise.all(Array.from({ length: 30 }, (_, i) => callerOf(i).begin("crowd")));
  const alive = idsOf(await callerOf(0).list("crowd"));
  const evicted = begun.flatMap((each) => each.evicted);
  expect(alive).toHaveLength(MAX_PER_USER);
  expect(new Set(evicted).size).toBe(evicted.length);
  expect([...alive, ...evicted].sort()).toEqual(begun.map(({ session }) => session.id).sort());
});
