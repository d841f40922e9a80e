import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { uniqueTenant } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"));
const { take, extend, release } = createCaller(sandbox.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
});

/** What anything does that a lock guards: it takes a write with the token it knows or a larger one. */
const GUARDED_WRITE = `
local last = tonumber(redis.call('HGET', KEYS[1], 'token') or 0)
if tonumber(ARGV[1]) < last then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'value', ARGV[2])
return 1`;

test("a write of somebody whose lock was lost meanwhile is refused by what it writes to", async () => {
  const account = `${uniqueTenant()}:account`;
  const write = ({ fencingToken }: { fencingToken: number }, value: string) =>
    raw.eval(GUARDED_WRITE, 1, account, fencingToken, value);
  const slow = await take("account", { ttlSeconds: 1 });
  expect(await write(slow, "slow, in time")).toBe(1);
  await sleep(1100); // it is paused, and does not know that its time is over
  const quick = await take("account");
  expect(await write(quick, "quick")).toBe(1);
  expect(await write(slow, "slow, too late")).toBe(0);
  expect(await write(quick, "quick again")).toBe(1);
  expect(await raw.hget(account, "value")).toBe("quick again");
  await raw.unlink(account);
});

test("a lock that Redis has lost goes on beyond the tokens that it gave before", async () => {
  const before = [];
  for (let round = 0; round < 50; round++) {
    const { token, fencingToken } = await take("lost");
    before.push(fencingToken);
    await release("lost", token);
  }
  for (const key of await keysOf(raw, `${sandbox.tenant}:locks:{lost}*`)) await raw.unlink(key);
  const { fencingToken } = await take("lost");
  expect(fencingToken).toBeGreaterThan(Math.max(...before));
  expect(Number.isSafeInteger(fencingToken + 2 ** 50)).toBe(true);
});

test("the token of a lock is kept for long after its last grant, and nothing else is", async () => {
  const { token } = await take("kept");
  await release("kept", token);
  const left: Record<string, number> = {};
  for (const key of await keysOf(raw, `${sandbox.tenant}:locks:{kept}*`))
    left[key.split(":")[3] ?? ""] = await raw.pttl(key);
  const { "fence-": fence = 0, ...others } = left;
  expect(fence).toBeGreaterThan(604_000_000);
  expect(fence).toBeLessThanOrEqual(604_800_000);
  for (const [name, ms] of Object.entries(others)) {
    expect(name).toMatch(/^outcome-/);
    expect(ms).toBeGreaterThan(0);
    expect(ms).toBeLessThanOrEqual(2000);
  }
});

test("the token of a lock that is extended for long is kept as long", async () => {
  const { token } = await take("extended");
  const [key = ""] = await keysOf(raw, `${sandbox.tenant}:locks:{extended}:fence-`);
  await raw.pexpire(key, 60_000); // nearly all of its time has passed
  await extend("extended", token);
  expect(await raw.pttl(key)).toBeGreaterThan(604_000_000);
});
