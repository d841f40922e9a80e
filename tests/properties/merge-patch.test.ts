import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { composeSessions } from "../composition.ts";
import { createCaller } from "../sessions/caller.ts";
import { jsonObject, mergePatch } from "./merge-patch.ts";

const sandbox = composeSessions(inject("redisUrl"));
const { begin, get, patch, end } = createCaller(sandbox.api);
afterAll(() => sandbox.connection.close());

test("any data come back as they were given, and any patches make of them what RFC 7396 says", async () => {
  const property = fc.asyncProperty(
    jsonObject,
    fc.array(jsonObject, { maxLength: 4 }),
    async (data, patches) => {
      const { session } = await begin("user", { data });
      expect(session.data).toEqual(data);
      let expected = data;
      for (const change of patches) {
        expected = mergePatch(expected, change);
        const answer = await patch(session.id, change);
        expect(answer.json.session.data).toEqual(expected);
      }
      expect((await get(session.id)).json.session).toMatchObject({ version: 1 + patches.length });
      expect((await get(session.id)).json.session.data).toEqual(expected);
      await end(session.id);
    },
  );
  await fc.assert(property, { numRuns: 400 });
});

test("patches of different fields at once come out as if they had come one after the other", async () => {
  const fields = fc.uniqueArray(jsonObject, { minLength: 2, maxLength: 6 });
  const property = fc.asyncProperty(fields, fc.boolean(), async (values, nested) => {
    const changes = values.map((value, i) => ({ [`field-${i}`]: value }));
    const data = { deep: { kept: [] }, kept: {} };
    const { session } = await begin("user", { data });
    const patches = changes.map((change) => (nested ? { deep: change } : change));
    await Promise.all(patches.map((change) => patch(session.id, change)));
    const expected = patches.reduce(mergePatch, data);
    expect((await get(session.id)).json.session).toMatchObject({
      data: expected,
      version: 1 + values.length,
    });
    await end(session.id);
  });
  await fc.assert(property, { numRuns: 100 });
});
