import { describe, expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { expectUnavailable, until } from "../composition.ts";
import { KEYED, send } from "../idempotency/calls.ts";
import { startTcpProxy } from "../tcp-proxy.ts";

const DEADLINE_MS = 400;
/** Claim, work, answer. */
const ROUND_TRIPS = 3;

describe.each(Object.entries(KEYED))("%s with an idempotency key", (_, { compose, prepare, count }) => {
  test.each(Array.from({ length: ROUND_TRIPS }, (_, index) => index))(
    "happens once for a caller who got no answer and sends it again, when nothing came back after %i replies",
    async (repliesBefore) => {
      const server = await startRedis();
      onTestFinished(() => server.stop());
      const proxy = await startTcpProxy(server.url);
      onTestFinished(() => proxy.close());
      const environment = { REDIS_DEADLINE_MS: String(DEADLINE_MS) };
      const sandbox = compose(proxy.url, { environment });
      const other = compose(server.url, { tenant: sandbox.tenant });
      onTestFinished(async () => {
        for (const { connection } of [sandbox, other]) await connection.close();
      });
      const call = await prepare(sandbox.api);
      await sandbox.connection.ping();
      const before = await count(other.api);

      const trips = proxy.roundTrips();
      proxy.faults.delayMs = 40; // time to see that a reply is on its way, and let none follow it
      const first = send(sandbox, call, "lost");
      await until(
        async () => proxy.roundTrips(),
        (now) => now >= trips + repliesBefore,
      );
      proxy.faults.swallowReplies = true;
      const answer = await first;
      // Without the last reply it is known what to answer; only a repetition would take longer.
      if (repliesBefore < ROUND_TRIPS - 1) expectUnavailable(answer);
      proxy.faults.swallowReplies = false;
      proxy.faults.delayMs = 0;

      const again = await until(
        () => send(other, call, "lost"),
        ({ status }) => status !== 409,
      );
      expect(again.status, again.text).toBeLessThan(300);
      if (answer.status < 300) expect(again.text).toBe(answer.text);
      expect((await send(sandbox, call, "lost")).text).toBe(again.text);
      expect(await count(other.api)).toBe(before + 1);
    },
  );
});
