import { afterAll, describe, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeSessions } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller } from "../sessions/caller.ts";
import { KEYED, send } from "./calls.ts";

const bare = bareClient();
afterAll(() => bare.disconnect());

describe.each(Object.entries(KEYED))(
  "%s with an idempotency key",
  (_, { compose, prepare, other, count }) => {
    const sandbox = compose(inject("redisUrl"));
    afterAll(() => sandbox.connection.close());

    test("happens once, and is answered the same", async () => {
      const call = await prepare(sandbox.api);
      const before = await count(sandbox.api);
      const first = await send(sandbox, call, "once");
      expect(first.status, first.text).toBeLessThan(300);
      const again = await send(sandbox, call, "once");
      expect([again.status, again.text]).toEqual([first.status, first.text]);
      expect(await count(sandbox.api)).toBe(before + 1);
      const different = await send(sandbox, call, "another");
      expect(different.text).not.toBe(first.text);
      expect(await count(sandbox.api)).toBe(before + 2);
    });

    test("is a 422 for another call, which changes nothing", async () => {
      const call = await prepare(sandbox.api);
      await send(sandbox, call, "bound");
      const before = await count(sandbox.api);
      const wrong = await send(sandbox, { ...call, body: other }, "bound");
      expect(outcomeOf(wrong)).toBe("422 idempotency_key_reused");
      expect(await count(sandbox.api)).toBe(before);
    });

    test("happens once for many who send it at the same time: they get its answer, or a 409", async () => {
      const call = await prepare(sandbox.api);
      const before = await count(sandbox.api);
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(sandbox, call, "crowd")));
      const outcomes = new Set(answers.map(outcomeOf));
      expect(outcomes).toEqual(
        new Set([outcomeOf(answers[0] as (typeof answers)[0]), "409 idempotency_key_in_use"]),
      );
      const done = answers.filter(({ status }) => status < 300);
      expect(new Set(done.map(({ text }) => text)).size).toBe(1);
      for (const { status, headers } of answers) if (status === 409) expect(headers["retry-after"]).toBe("1");
      expect(await count(sandbox.api)).toBe(before + 1);
      expect((await send(sandbox, call, "crowd")).text).toBe(done[0]?.text);
    });

    test("is another call for another tenant", async () => {
      const call = await prepare(sandbox.api);
      const first = await send(sandbox, call, "shared");
      const stranger = await send({ api: sandbox.apiOf(`${sandbox.tenant}-2`) }, call, "shared");
      expect(stranger.status).toBe(first.status);
      expect(stranger.text).not.toBe(first.text);
    });

    test("is kept for its time, and only who has the key can read it", async () => {
      const call = await prepare(sandbox.api);
      const { json } = await send(sandbox, call, "secret");
      const secrets = [json.token, json.access_token, json.refresh_token].filter(Boolean);
      expect(secrets.length).toBeGreaterThan(0);
      const keys = await keysOf(bare, `${sandbox.tenant}:*:call`);
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) {
        const stored = [key, ...Object.values(await bare.hgetall(key))].join();
        for (const secret of secrets) expect(stored).not.toContain(secret);
        expect(stored, "random letters may spell a name, but not in quotes").not.toContain('"ann"');
        const left = await bare.pttl(key);
        expect(left).toBeGreaterThan(500_000);
        expect(left).toBeLessThanOrEqual(600_000);
      }
    });

    test.each(["", '"open', "ä", `"${"x".repeat(256)}"`])("is a 400 with the key %j", async (key) => {
      const { path, body } = await prepare(sandbox.api);
      const answer = await sandbox.api("POST", path, { body, headers: { "idempotency-key": key } });
      expect(outcomeOf(answer)).toBe("400 invalid_request");
    });
  },
);

test("a rotation with a key gives one token, and the key of another operation is another call", async () => {
  const sandbox = composeSessions(inject("redisUrl"));
  const { session } = await createCaller(sandbox.api).begin("ann");
  const call = { path: `/v1/sessions/${session.id}/rotate`, body: {} };
  const rotate = () => sandbox.api("POST", call.path, { headers: { "idempotency-key": '"r"' } });
  const first = await rotate();
  expect(first.status).toBe(200);
  expect((await rotate()).text).toBe(first.text);
  const created = await send(sandbox, { path: "/v1/sessions", body: { userId: "ann" } }, "r");
  expect(outcomeOf(created)).toBe("422 idempotency_key_reused");
  await sandbox.connection.close();
});
