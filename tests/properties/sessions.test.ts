import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeSessions } from "../composition.ts";

import { command, USERS } from "./sessions-commands.ts";
import { createWorld, environment, execute } from "./sessions-world.ts";

const sandbox = composeSessions(inject("redisUrl"), { environment });
afterAll(() => sandbox.connection.close());

test("whatever is done in whatever order, the sessions answer as their model does", async () => {
  const property = fc.asyncProperty(
    fc.array(command, { minLength: 1, maxLength: 50, size: "max" }),
    async (commands) => {
      const world = createWorld(sandbox);
      for (const command of commands) await execute(world, command);
      for (const userId of USERS) await execute(world, { do: "list", userId, limit: 2 });
      for (const which of world.begun.keys()) await execute(world, { do: "get", which });
    },
  );
  await fc.assert(property, { numRuns: 150 });
});

test("the sequences that are tried reach every kind of answer", async () => {
  const seen = new Set<string>();
  const world = createWorld({
    apiOf: (tenant) => {
      const api = sandbox.apiOf(tenant);
      return async (method, path, options) => {
        const answer = await api(method, path, options);
        const evicts = answer.status === 201 && answer.json.evicted.length > 0;
        seen.add(`${method} ${outcomeOf(answer)}${evicts ? " evicts" : ""}`);
        return answer;
      };
    },
  });
  for (const next of fc.sample(command, { numRuns: 1000, seed: 1 })) await execute(world, next);
  for (const expected of [
    ...["POST 200", "POST 201", "POST 201 evicts", "POST 401 session_unknown", "POST 401 session_revoked"],
    ...["GET 200", "GET 404 session_revoked", "PATCH 200", "PATCH 404 session_revoked"],
    ...["PATCH 412 precondition_failed", "DELETE 204", "DELETE 400 invalid_request"],
  ]) {
    expect(seen).toContain(expected);
  }
});
