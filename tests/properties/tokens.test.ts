import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, describe, expect, inject, test } from "vitest";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { uniqueTenant } from "../api.ts";
import { composeTokens } from "../composition.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { createCaller, type Pair } from "../tokens/caller.ts";
import { command } from "./tokens-commands.ts";
import { TokensModel } from "./tokens-model.ts";
import { createWorld, execute, lookAtAll } from "./tokens-world.ts";

const MAX_PER_USER = 2;
const compose = (graceSeconds: number) =>
  composeTokens(inject("redisUrl"), {
    environment: {
      TOKENS_REUSE_GRACE_SECONDS: String(graceSeconds),
      TOKENS_MAX_PER_USER: String(MAX_PER_USER),
    },
  });
const patient = compose(300);
const impatient = compose(0);
// One server, whichever topology the rest runs on: no proxy stands in front of a whole cluster.
const server = await startRedis();
const proxy = await startTcpProxy(server.url);
const tenant = uniqueTenant();
const unlucky = Array.from({ length: 3 }, () => composeTokens(proxy.url, { tenant }));
afterAll(async () => {
  for (const { connection } of [patient, impatient, ...unlucky]) await connection.close();
  await proxy.close();
  await server.stop();
});

describe.each([
  ["with a grace that lasts", patient, true],
  ["without a grace", impatient, false],
])("%s", (_, sandbox, grace) => {
  const newModel = () => new TokensModel({ grace, maxPerUser: MAX_PER_USER });

  test("whatever is done in whatever order, the tokens answer as their model does", async () => {
    const property = fc.asyncProperty(
      fc.array(command, { minLength: 1, maxLength: 40, size: "max" }),
      async (commands) => {
        const world = createWorld(sandbox, newModel());
        for (const command of commands) await execute(world, command);
        await lookAtAll(world);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  test("the sequences that are tried come to all that there is", async () => {
    const world = createWorld(sandbox, newModel());
    for (const next of fc.sample(command, { numRuns: 500, seed: 1 })) await execute(world, next);
    const expected = ["evicted", "invalid_grant", "invalid_scope", "rotated", "theft"];
    expect([...world.reached].sort()).toEqual([...expected, ...(grace ? ["replayed"] : [])].sort());
  });
});

/** What one of several clients does that share a grant, and how many milliseconds it thinks first. */
const move = fc.record({
  do: fc.constantFrom("refresh" as const, "refresh", "refresh", "refresh", "refresh", "revoke", "endAll"),
  pause: fc.constantFrom(0, 0, 0, 1, 2),
});

test("clients that share a grant and act at once never have two valid tokens, and none once it has ended", async () => {
  const { refresh, revoke, revokeAll, introspect } = patient.served;
  const property = fc.asyncProperty(
    fc.array(fc.array(move, { minLength: 1, maxLength: 5 }), { minLength: 3, maxLength: 3 }),
    async (clients) => {
      const tenant = uniqueTenant();
      const first = await patient.served.issue(tenant, { userId: "ann", clientId: "app", scope: "read" });
      const tokens = new Set([first.refreshToken]);
      let [hasEnded, refusals] = [false, 0];
      const client = async (moves: (typeof clients)[0]) => {
        let token = first.refreshToken;
        for (const { do: what, pause } of moves) {
          await sleep(pause);
          if (what === "revoke") await revoke(tenant, token);
          if (what === "endAll") await revokeAll(tenant, "ann");
          hasEnded ||= what !== "refresh";
          if (what !== "refresh") continue;
          const refreshed = await refresh(tenant, { refreshToken: token });
          hasEnded ||= refreshed.state === "reused";
          if (refreshed.state === "issued") token = refreshed.issued.refreshToken;
          else refusals++;
          tokens.add(token);
        }
      };
      await Promise.all(clients.map(client));
      const active = await Promise.all([...tokens].map((token) => introspect(tenant, token)));
      expect(active.filter(Boolean)).toHaveLength(hasEnded ? 0 : 1);
      if (!hasEnded) expect(refusals).toBe(0);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

/** Presentations of one token at once, the reply that Redis loses meanwhile, and whether all answers get lost too. */
const step = fc.record({
  atOnce: fc.integer({ min: 1, max: 5 }),
  lostReply: fc.nat({ max: 4 }),
  unheard: fc.boolean(),
});

test("an honest client that asks again, however often and wherever replies get lost, always has a valid pair", async () => {
  const callers = unlucky.map(({ api }) => createCaller(api));
  const [first] = callers as [(typeof callers)[0]];
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
    let pair = await first.begin("honest");
    for (const { atOnce, lostReply, unheard } of steps) {
      const ask = () =>
        Promise.all(
          Array.from({ length: atOnce }, (_, number) =>
            (callers[number % callers.length] ?? first).refreshed(pair.refresh_token),
          ),
        );
      if (lostReply > 0) proxy.loseReply(lostReply);
      if (unheard) await ask();
      const answers = await ask();
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      const former: Pair = pair;
      pair = answers[0] as Pair;
      expect(await first.isActive(former.refresh_token)).toBe(false);
      expect([await first.isActive(pair.access_token), await first.isActive(pair.refresh_token)]).toEqual([
        true,
        true,
      ]);
    }
  });
  await fc.assert(property, { numRuns: 8 });
});
