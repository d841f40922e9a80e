import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, inject, test } from "vitest";
import { parseConfig } from "../../lib/config.ts";
import { createIdempotency, type Once } from "../../lib/idempotency/idempotency.ts";
import { idempotencyScripts } from "../../lib/idempotency/scripts.ts";
import { connect } from "../../lib/redis/connect.ts";
import { createLog, until } from "../composition.ts";
import { environmentFor } from "../provided-redis.ts";

/** Nobody else runs a call for twice as long. */
const DEADLINE_MS = 300;

const log = createLog();
const config = parseConfig(environmentFor(inject("redisUrl")));
const connection = connect(config, { log: () => log, scripts: idempotencyScripts });
afterAll(() => connection.close());

/** The claim is short; each operation has all the time that it takes. */
const { once } = createIdempotency(
  { ...connection, deadlineMs: DEADLINE_MS, sharing: () => connection },
  "sessions",
  60_000,
);

const callOf = () => ({ tenant: `t-${randomUUID()}`, key: "k", request: ["fire"] });
const ended = ({ state }: Once<string>) => state !== "running";

test("what was foretold is the answer when nobody wrote down how it ended, and not before", async () => {
  const call = callOf();
  let runs = 0;
  const lost = new Promise<Once<string>>((_, reject) => {
    const work = async (foretell?: (answer: string) => Promise<void>) => {
      await foretell?.("unknown");
      runs++;
      reject(new Error("foretold"));
      return new Promise<string>(() => {}); // as a sandbox that ended
    };
    void once<string>(call, (_connection, _randomness, foretell) => work(foretell));
  });
  await expect(lost).rejects.toThrow("foretold");
  const again = () => once<string>(call, async () => String(++runs));
  const answer = await until(again, ended);
  expect([answer, runs]).toEqual([{ state: "done", answer: "unknown" }, 1]);
});

test("what was foretold gives way to the answer", async () => {
  const call = callOf();
  const work = () =>
    once<string>(call, async (_connection, _randomness, foretell) => {
      await foretell?.("unknown");
      return "started";
    });
  for (const _time of ["first", "again"]) expect(await work()).toEqual({ state: "done", answer: "started" });
});

test("what was foretold is taken back when the work fails", async () => {
  const call = callOf();
  const failing = once<string>(call, async (_connection, _randomness, foretell) => {
    await foretell?.("unknown");
    throw new Error("refused");
  });
  await expect(failing).rejects.toThrow("refused");
  expect(await once<string>(call, async () => "started")).toEqual({ state: "done", answer: "started" });
});

test("work that was overtaken can foretell nothing, and goes no further", async () => {
  const call = callOf();
  const runs: string[] = [];
  const overtaken = Promise.withResolvers<void>();
  const slow = once<string>(call, async (_connection, _randomness, foretell) => {
    await overtaken.promise;
    await foretell?.("unknown");
    runs.push("slow");
    return "slow";
  });
  await sleep(2 * DEADLINE_MS);
  const fast = await until(
    () =>
      once<string>(call, async (_connection, _randomness, foretell) => {
        overtaken.resolve();
        expect(await slow).toEqual({ state: "running" });
        await foretell?.("unknown");
        runs.push("fast");
        return "fast";
      }),
    ended,
  );
  expect([fast, runs]).toEqual([{ state: "done", answer: "fast" }, ["fast"]]);
});

test("a call without a key has nothing to foretell", async () => {
  const call = { ...callOf(), key: undefined };
  const outcome = await once<unknown>(call, async (_connection, _randomness, foretell) => foretell);
  expect(outcome).toEqual({ state: "done", answer: undefined });
});
