import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { composeCache } from "../composition.ts";
import { command } from "./cache-commands.ts";
import { createWorld, execute } from "./cache-world.ts";

const sandbox = composeCache(inject("redisUrl"));
afterAll(() => sandbox.connection.close());

test("whatever is done in whatever order, the cache answers as its model does", async () => {
  const property = fc.asyncProperty(
    fc.array(command, { minLength: 1, maxLength: 40, size: "max" }),
    async (commands) => {
      const world = createWorld(sandbox);
      for (const command of commands) await execute(world, command);
      await execute(world, { do: "getAll" });
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test("the sequences that are tried reach every kind of answer", async () => {
  const seen = new Set<string>();
  const world = createWorld({
    ...sandbox,
    apiOf: (tenant) => {
      const api = sandbox.apiOf(tenant);
      return async (method, path, options) => {
        const answer = await api(method, path, options);
        const isJson = answer.headers["content-type"] === "application/problem+json";
        seen.add(`${method} ${answer.status}${isJson ? ` ${answer.json.code}` : ""}`);
        return answer;
      };
    },
  });
  for (const next of fc.sample(command, { numRuns: 1000, seed: 1 })) await execute(world, next);
  for (const expected of [
    ...["GET 200", "GET 304", "GET 404 cache_miss", "GET 404 cache_filling", "GET 404 known_absent"],
    ...["PUT 201", "PUT 204", "PUT 409 lease_lost", "PUT 412 precondition_failed", "DELETE 204", "POST 200"],
  ]) {
    expect(seen).toContain(expected);
  }
});
