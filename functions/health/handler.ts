import { readConfig } from "../../lib/config.ts";
import { healthContract } from "../../lib/health/contract.ts";
import { createHealth } from "../../lib/health/health.ts";
import type { Handlers } from "../../lib/http/contract.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { connect } from "../../lib/redis/connect.ts";

/** Leaves room for everything else within the second. */
const MAX_WAIT_MS = 800;

const config = readConfig();
const deadlineMs = Math.min(config.redis.deadlineMs, MAX_WAIT_MS);
const connection = connect({ ...config, redis: { ...config.redis, deadlineMs } }, { log: logger });
const health = createHealth(connection);

const routes: Handlers<typeof healthContract> = {
  async getHealth() {
    return { status: 200, headers: { "cache-control": "no-store" }, body: await health.check() };
  },
};

export const handler = serve(healthContract, routes, { config, connection });
