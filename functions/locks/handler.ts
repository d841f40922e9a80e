import { readConfig } from "../../lib/config.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { locksContract } from "../../lib/locks/contract.ts";
import { createLocks } from "../../lib/locks/locks.ts";
import { lockScripts } from "../../lib/locks/scripts.ts";
import { connect } from "../../lib/redis/connect.ts";
import { createRoutes } from "./routes.ts";

const config = readConfig();
const connection = connect(config, { log: logger, scripts: lockScripts });

export const handler = serve(locksContract, createRoutes(createLocks(connection, config.locks), config), {
  config,
  connection,
});
