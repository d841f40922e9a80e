import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composeSessions } from "../composition.ts";
import { type Begun, createCaller, type SessionsCaller } from "../sessions/caller.ts";
import { startCounting } from "./counted.ts";

let counting: Awaited<ReturnType<typeof startCounting>>;
let caller: SessionsCaller;
/** Through a connection whose round trips nobody counts. */
let begin: SessionsCaller["begin"];

beforeAll(async () => {
  counting = await startCounting(composeSessions, { SESSIONS_TOUCH_SECONDS: "0" });
  caller = createCaller(counting.api);
  ({ begin } = createCaller(counting.uncounted));
});
afterAll(() => counting?.close());

const roundTrips = (call: Promise<{ status: number }>) => counting.roundTrips(call);

describe("one round trip is all that it takes, the first time as well as later,", () => {
  const operations: [string, number, (begun: Begun) => Promise<{ status: number }>][] = [
    ["to begin a session", 201, () => caller.create({ userId: "one", data: { a: 1 } })],
    ["to verify a token and write that it was seen", 200, ({ token }) => caller.verify(token)],
    ["to read a session", 200, ({ session }) => caller.get(session.id)],
    ["to patch and to show what came of it", 200, ({ session }) => caller.patch(session.id, { a: 2 })],
    [
      "to be told that a condition fails",
      412,
      ({ session }) => caller.patch(session.id, {}, { "if-match": '"9"' }),
    ],
    ["to rotate and to show the session", 200, ({ session }) => caller.rotate(session.id)],
    ["to end a session", 204, ({ session }) => caller.end(session.id)],
    ["to see that a list is empty", 200, () => caller.list("nobody")],
    ["to end all sessions of a user who has none", 204, () => caller.endAll("nobody")],
  ];

  test.each(operations)("%s", async (_, status, run) => {
    for (let time = 0; time < 2; time++) {
      const begun = await begin("one");
      expect(await roundTrips(run(begun))).toEqual([status, 1]);
    }
  });

  test("to begin a session where another has to end", async () => {
    for (let i = 0; i < 100; i++) await begin("full");
    for (let time = 0; time < 2; time++)
      expect(await roundTrips(caller.create({ userId: "full" }))).toEqual([201, 1]);
  });
});

test("two are enough to read and to end a hundred sessions", async () => {
  for (let time = 0; time < 2; time++) {
    for (let i = 0; i < 100; i++) await begin("many");
    const listing = caller.list("many", { limit: "100" });
    expect(await roundTrips(listing)).toEqual([200, 2]);
    expect((await listing).json.sessions).toHaveLength(100);
    expect(await roundTrips(caller.endAll("many"))).toEqual([204, 2]);
  }
});

test("none is made for what is refused", async () => {
  expect(await roundTrips(caller.verify("no token"))).toEqual([400, 0]);
  expect(await roundTrips(caller.list("many", { cursor: "forged" }))).toEqual([400, 0]);
  expect(await roundTrips(caller.create({ userId: "" }))).toEqual([400, 0]);
});
