import { readConfig } from "../../lib/config.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { connect } from "../../lib/redis/connect.ts";
import { sessionsContract } from "../../lib/sessions/contract.ts";
import { sessionScripts } from "../../lib/sessions/scripts.ts";
import { createSessions } from "../../lib/sessions/sessions.ts";
import { createRoutes } from "./routes.ts";

const config = readConfig();
const connection = connect(config, { log: logger, scripts: sessionScripts });
const sessions = createSessions(connection, config.sessions);

export const handler = serve(sessionsContract, createRoutes(sessions, config), {
  config,
  connection,
});
