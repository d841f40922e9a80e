import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composeTokens } from "../composition.ts";
import { createCaller, grantOf, type Pair, type TokensCaller } from "../tokens/caller.ts";
import { startCounting } from "./counted.ts";

let counting: Awaited<ReturnType<typeof startCounting>>;
let caller: TokensCaller;
/** Through a connection whose round trips nobody counts. */
let uncounted: TokensCaller;

beforeAll(async () => {
  counting = await startCounting(composeTokens);
  caller = createCaller(counting.api);
  uncounted = createCaller(counting.uncounted);
});
afterAll(() => counting?.close());

const roundTrips = (call: Promise<{ status: number }>) => counting.roundTrips(call);

/** The first, the former and the present pair of one grant. */
type Pairs = readonly [Pair, Pair, Pair];
async function begin(userId: string): Promise<Pairs> {
  const first = await uncounted.begin(userId);
  const former = await uncounted.refreshed(first.refresh_token);
  return [first, former, await uncounted.refreshed(former.refresh_token)];
}

describe("one round trip is all that it takes, the first time as well as later,", () => {
  const grant = { userId: "one", clientId: "app", scope: "read" };
  const operations: [string, number, (pairs: Pairs) => Promise<{ status: number }>][] = [
    ["to issue tokens", 200, () => caller.issue(grant)],
    ["to exchange a token", 200, ([, , { refresh_token }]) => caller.refresh(refresh_token)],
    ["to give the same pair again", 200, ([, { refresh_token }]) => caller.refresh(refresh_token)],
    ["to end the grant of a thief", 400, ([{ refresh_token }]) => caller.refresh(refresh_token)],
    ["to introspect an access token", 200, ([{ access_token }]) => caller.introspect(access_token)],
    ["to introspect a refresh token", 200, ([{ refresh_token }]) => caller.introspect(refresh_token)],
    ["to revoke an access token", 200, ([{ access_token }]) => caller.revoke(access_token)],
    ["to revoke a refresh token", 200, ([{ refresh_token }]) => caller.revoke(refresh_token)],
    ["to end a grant", 204, ([{ access_token }]) => caller.endGrant(grantOf(access_token))],
    ["to see that a list is empty", 200, () => caller.list("nobody")],
    ["to end all grants of a user who has none", 204, () => caller.endAll("nobody")],
  ];

  test.each(operations)("%s", async (_, status, run) => {
    for (let time = 0; time < 2; time++)
      expect(await roundTrips(run(await begin("one")))).toEqual([status, 1]);
  });

  test("to issue tokens where another grant has to end", async () => {
    await Promise.all(Array.from({ length: 100 }, () => uncounted.begin("full")));
    for (let time = 0; time < 2; time++)
      expect(await roundTrips(caller.issue({ ...grant, userId: "full" }))).toEqual([200, 1]);
  });
});

test("two are enough to read and to end a hundred grants", async () => {
  for (let time = 0; time < 2; time++) {
    await Promise.all(Array.from({ length: 100 }, () => uncounted.begin("many")));
    const listing = caller.list("many", { limit: "100" });
    expect(await roundTrips(listing)).toEqual([200, 2]);
    expect((await listing).json.grants).toHaveLength(100);
    expect(await roundTrips(caller.endAll("many"))).toEqual([204, 2]);
  }
});

test("none is made for what is refused, or is no token at all", async () => {
  expect(await roundTrips(caller.refresh("no token"))).toEqual([400, 0]);
  expect(await roundTrips(caller.introspect("no token"))).toEqual([200, 0]);
  expect(await roundTrips(caller.revoke("no token"))).toEqual([200, 0]);
  expect(await roundTrips(caller.issue({ userId: "one" }))).toEqual([400, 0]);
  expect(await roundTrips(caller.list("many", { cursor: "forged" }))).toEqual([400, 0]);
  expect(await roundTrips(caller.endGrant("no id"))).toEqual([400, 0]);
});
