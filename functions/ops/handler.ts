import { createManagedCache } from "../../lib/aws/elasticache-management.ts";
import { readConfig } from "../../lib/config.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { createIdempotency } from "../../lib/idempotency/idempotency.ts";
import { idempotencyScripts } from "../../lib/idempotency/scripts.ts";
import { opsContract } from "../../lib/ops/contract.ts";
import { createOps } from "../../lib/ops/ops.ts";
import { connect } from "../../lib/redis/connect.ts";
import { patient, REMEMBER_MS } from "./patience.ts";
import { createRoutes } from "./routes.ts";

const config = readConfig();
const { elasticacheId } = config.redis;
const connection = connect(config, { log: logger, scripts: idempotencyScripts });
const cache = elasticacheId ? createManagedCache(elasticacheId) : undefined;
const idempotency = createIdempotency(patient(connection), "ops", REMEMBER_MS);

export const handler = serve(opsContract, createRoutes(createOps(connection, cache), idempotency), {
  config,
  connection,
});
