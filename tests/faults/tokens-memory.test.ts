import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningRedis } from "../../dev/redis/start-redis.ts";
import { type Answer, outcomeOf } from "../api.ts";
import { type Composition, composeTokens } from "../composition.ts";
import { createCaller, grantOf, idsOf, type Pair, type TokensCaller } from "../tokens/caller.ts";
import { fillUp, startUnevicting } from "./full-redis.ts";

let server: RunningRedis;
let sandbox: Composition<unknown>;
let caller: TokensCaller;
let admin: Redis;
/** Of one user: never refreshed, refreshed once, refreshed twice. */
let grants: Pair[][];

beforeAll(async () => {
  server = await startUnevicting();
  admin = new Redis(server.url);
  sandbox = composeTokens(server.url, { environment: { TOKENS_MAX_PER_USER: "3" } });
  caller = createCaller(sandbox.api);
  grants = [];
  for (let times = 0; times < 3; times++) {
    const pairs = [await caller.begin("user")];
    for (let i = 0; i < times; i++) pairs.push(await caller.refreshed(pairs.at(-1)?.refresh_token ?? ""));
    grants.push(pairs);
  }
  await fillUp(admin);
});
afterAll(async () => {
  admin?.disconnect();
  await sandbox?.connection.close();
  await server?.stop();
});

const pair = (grant: number, age: number) => grants[grant]?.[age] as Pair;
const GRANT = { clientId: "app", scope: "read" };

test.each<[string, string, () => Promise<Answer>]>([
  ["an issue", "out_of_memory", () => caller.issue({ ...GRANT, userId: "somebody new" })],
  ["an issue that would end another", "out_of_memory", () => caller.issue({ ...GRANT, userId: "user" })],
  ["a refresh", "temporarily_unavailable", () => caller.refresh(pair(0, 0).refresh_token)],
  [
    "a refresh as JSON",
    "out_of_memory",
    () => caller.refreshJson({ refresh_token: pair(1, 1).refresh_token }),
  ],
])("%s is refused with 507 and changes nothing", async (_, error, write) => {
  const [keys, before] = [await admin.dbsize(), (await caller.list("user")).text];
  expect(outcomeOf(await write())).toBe(`507 ${error}`);
  expect((await caller.list("user")).text).toBe(before);
  expect(await admin.dbsize()).toBe(keys);
  expect(idsOf(await caller.list("somebody new"))).toEqual([]);
  for (const pairs of grants) {
    expect(await caller.isActive(pairs.at(-1)?.refresh_token ?? "")).toBe(true);
    for (const { access_token } of pairs) expect(await caller.isActive(access_token)).toBe(true);
  }
});

test("a client that lost its answer gets the pair again", async () => {
  expect(await caller.refreshed(pair(1, 0).refresh_token)).toEqual(pair(1, 1));
});

test("a theft ends the grant, and is told as one", async () => {
  const refreshToken = pair(2, 0).refresh_token;
  const { served, tenant } = sandbox as ReturnType<typeof composeTokens>;
  expect((await served.refresh(tenant, { refreshToken })).state).toBe("reused");
  for (const { access_token, refresh_token } of grants[2] ?? []) {
    expect([await caller.isActive(access_token), await caller.isActive(refresh_token)]).toEqual([
      false,
      false,
    ]);
  }
  expect(idsOf(await caller.list("user"))).toHaveLength(2);
});

test("whoever wants out gets out: with an access token, with a grant, and with all", async () => {
  const { access_token, refresh_token } = pair(0, 0);
  expect(outcomeOf(await caller.revoke(access_token))).toBe("200");
  expect([await caller.isActive(access_token), await caller.isActive(refresh_token)]).toEqual([false, true]);
  expect(outcomeOf(await caller.revoke(pair(1, 0).refresh_token))).toBe("200");
  expect(await caller.isActive(pair(1, 1).refresh_token)).toBe(false);
  expect(idsOf(await caller.list("user"))).toEqual([grantOf(refresh_token)]);
});

test("when there is room again the old refresh token still serves", async () => {
  await admin.config("SET", "maxmemory", "0");
  const next = await caller.refreshed(pair(0, 0).refresh_token);
  const other = await caller.begin("user");
  await admin.config("SET", "maxmemory", "1");
  expect(outcomeOf(await caller.endGrant(grantOf(next.refresh_token)))).toBe("204");
  expect([await caller.isActive(next.access_token), await caller.isActive(other.access_token)]).toEqual([
    false,
    true,
  ]);
  expect(outcomeOf(await caller.endAll("user"))).toBe("204");
  expect(await caller.isActive(other.access_token)).toBe(false);
  expect(outcomeOf(await caller.endAll("user"))).toBe("204");
});
