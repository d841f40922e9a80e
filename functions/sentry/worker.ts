import type { Context } from "aws-lambda";
import { createManagedCache } from "../../lib/aws/elasticache-management.ts";
import { readConfig } from "../../lib/config.ts";
import { publishMeasurements } from "../../lib/http/measurements.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { createLocks } from "../../lib/locks/locks.ts";
import { lockScripts } from "../../lib/locks/scripts.ts";
import { readEngine } from "../../lib/ops/engine.ts";
import { connect } from "../../lib/redis/connect.ts";
import { createDailySnapshot } from "../../lib/sentry/daily-snapshot.ts";
import { createSentry } from "../../lib/sentry/sentry.ts";
import { runAlone } from "./run-alone.ts";

const config = readConfig();
const { elasticacheId } = config.redis;
const connection = connect(config, { log: logger, scripts: lockScripts });
const locks = createLocks(connection, config.locks);
const cache = elasticacheId ? createManagedCache(elasticacheId) : undefined;
const sentry = createSentry({
  readEngine: () => readEngine(connection),
  snapshot: createDailySnapshot(connection, cache),
  limits: config.sentry,
  log: logger,
});

/**
 * Runs on a schedule, once though it were started twice at the same time; what it saw goes to the metrics, what is wrong
 * to the log as well. Never rejects.
 */
export async function handler(_event: unknown, context: Context) {
  connection.endsIn(context.getRemainingTimeInMillis());
  const seen = await runAlone(locks, context.functionName, () => sentry.run());
  const [slowest] = connection.takeRoundTrips().toSorted((one, other) => other - one);
  const measurements = seen && { ...seen, RedisRoundTrip: slowest };
  if (config.metrics && measurements) publishMeasurements(context.functionName, measurements);
  if (config.invokedLocally) await connection.close();
  return measurements;
}
