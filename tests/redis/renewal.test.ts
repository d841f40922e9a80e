import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { expect, inject, onTestFinished, test } from "vitest";
import { parseConfig } from "../../lib/config.ts";
import { createConnection } from "../../lib/redis/connection.ts";
import { RedisUnavailable } from "../../lib/redis/errors.ts";
import { serverOptions } from "../../lib/redis/options.ts";
import { SLACK_MS } from "../composition.ts";
import { environmentFor } from "../provided-redis.ts";

const DEADLINE_MS = 300;
const REFUSAL = "NOAUTH Authentication required.";

/** Where new credentials take so long. */
async function connectTo(renewalMs: number) {
  const config = parseConfig({ ...environmentFor(inject("redisUrl")), REDIS_DEADLINE_MS: `${DEADLINE_MS}` });
  const redis = new Redis(serverOptions(config.redis));
  onTestFinished(() => redis.disconnect());
  let renewals = 0;
  const authentication = {
    refresh: async () => {},
    async renew() {
      renewals++;
      await sleep(renewalMs, undefined, { ref: false });
    },
  };
  const connection = createConnection(() => ({ redis, authentication }), { deadlineMs: DEADLINE_MS });
  await connection.ping();
  return { connection, renewals: () => renewals };
}

test("a request whose credentials are refused ends by its deadline, however long new ones take", async () => {
  const { connection, renewals } = await connectTo(10_000);
  const startedAt = performance.now();
  const refused = connection.run((redis) => redis.eval("return redis.error_reply(ARGV[1])", 0, REFUSAL));
  await expect(refused).rejects.toThrow(RedisUnavailable);
  expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS + SLACK_MS);
  expect(renewals()).toBe(1);
});

test("a request whose credentials are refused goes on with new ones that come in time", async () => {
  const { connection, renewals } = await connectTo(10);
  const run = connection.run(async (redis) =>
    renewals() > 0 ? "served" : redis.eval("return redis.error_reply(ARGV[1])", 0, REFUSAL),
  );
  expect(await run).toBe("served");
});
