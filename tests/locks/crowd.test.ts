import { afterAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"), {
  environment: { LOCKS_HEARTBEAT_SECONDS: "60", REDIS_DEADLINE_MS: "8000" },
});
const { acquire, acquireAll, take, queueUp, release, get } = createCaller(sandbox.api);
afterAll(() => sandbox.connection.close());

const SHARED = { mode: "shared" };

/** The shortest of some: how busy the machine is must not decide. */
async function shortest(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 30; round++) {
    const startedAt = performance.now();
    await call();
    times.push(performance.now() - startedAt);
  }
  return Math.min(...times);
}

/** How long a call takes that comes back, while nobody has what it wants and while somebody has, behind so many. */
async function timesBehind(group: string, count: number) {
  const names = Array.from({ length: 16 }, (_, index) => `${group}/${index}`);
  const { token } = (await acquireAll(names)).json;
  for (let asked = 0; asked < count; asked += 50)
    await Promise.all(Array.from({ length: Math.min(50, count - asked) }, () => acquireAll(names, SHARED)));
  const { ticket } = (await acquireAll(names)).json;
  const reader = (await acquireAll(names, SHARED)).json.ticket;
  const held = await shortest(() => acquireAll(names, { ticket: reader }));
  await Promise.all(names.map((name) => release(name, token)));
  const free = await shortest(() => acquireAll(names, { ticket: reader }));
  await Promise.all(names.map((name) => release(name, ticket)));
  const granted = await acquireAll(names, { ticket: reader });
  expect(granted.status, "readers share it with all that wait").toBe(201);
  return { held, free };
}

test("it takes no longer to come back behind a thousand than behind a few", async () => {
  const [few, many] = [await timesBehind("few", 5), await timesBehind("many", 900)];
  expect(many.held).toBeLessThan(3 * few.held);
  expect(many.free).toBeLessThan(3 * few.free);
});

test("each is told how many are before it, whoever shares and whoever is to be alone", async () => {
  const { token } = await take("mixed");
  const modes = [{}, SHARED, SHARED, {}, {}, SHARED, {}, SHARED];
  const tickets: string[] = [];
  for (const mode of modes) tickets.push(await queueUp("mixed", mode));
  for (const [before, ticket] of tickets.entries())
    expect((await acquire("mixed", { ticket })).json.position).toBe(before + 1);
  await release("mixed", tickets[3] ?? "");
  const left = tickets.filter((_, index) => index !== 3);
  for (const [before, ticket] of left.entries())
    expect((await acquire("mixed", { ticket })).json.position).toBe(before + 1);
  await release("mixed", token);
  for (const ticket of left.slice(1))
    expect(outcomeOf(await acquire("mixed", { ticket })), "the first is to be alone").toBe("409 lock_held");
  expect((await acquire("mixed", { ticket: left[0] })).status).toBe(201);
  await release("mixed", left[0] ?? "");
  for (const ticket of left.slice(1, 3))
    expect((await acquire("mixed", { ticket })).status, "the next two share it").toBe(201);
  expect((await get("mixed")).json).toMatchObject({ holding: 2, waiting: 4 });
});
