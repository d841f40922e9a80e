import { createCache } from "../../lib/cache/cache.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { cacheScripts } from "../../lib/cache/scripts.ts";
import { readConfig } from "../../lib/config.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { connect } from "../../lib/redis/connect.ts";
import { batchBodyBytes } from "./batch-routes.ts";
import { createRoutes } from "./routes.ts";

const config = readConfig();
const connection = connect(config, { log: logger, scripts: cacheScripts });
const { maxBodyBytes } = config.cache;

const routes = createRoutes(createCache(connection), config.cache, createCache(connection.eventual));

export const handler = serve(cacheContract, routes, {
  config,
  connection,
  maxBodyBytes: { putEntry: maxBodyBytes, batchPut: batchBodyBytes(maxBodyBytes) },
});
