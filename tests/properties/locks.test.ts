import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { composeLocks } from "../composition.ts";
import { bareClient } from "../provided-redis.ts";
import { command, createWorld, environment, NAMES } from "./locks-world.ts";

const sandbox = composeLocks(inject("redisUrl"), { environment });
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
});

test("whatever is done in whatever order, the locks answer as their model does", async () => {
  const property = fc.asyncProperty(
    fc.array(command, { minLength: 1, maxLength: 40, size: "max" }),
    async (commands) => {
      const world = createWorld(sandbox, raw);
      for (const next of commands) await world.execute(next);
      for (const name of NAMES) await world.execute({ do: "look", name });
    },
  );
  await fc.assert(property, { numRuns: 100 });
});

test("the sequences that are tried reach every kind of answer", async () => {
  const seen = new Set<string>();
  for (const commands of fc.sample(fc.array(command, { minLength: 30, maxLength: 30 }), {
    numRuns: 40,
    seed: 1,
  })) {
    const world = createWorld(sandbox, raw);
    for (const next of commands) seen.add(await world.execute(next));
  }
  for (const expected of [
    ...["201", "409 lock_held", "409 ticket_lost", "409 permits_mismatch", "409 queue_full"],
    ...["extended", "lock_lost", "extensions_exhausted", "204", "409"],
  ])
    expect(seen).toContain(expected);
});
