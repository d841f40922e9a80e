import { readConfig } from "../../lib/config.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { createIdempotency } from "../../lib/idempotency/idempotency.ts";
import { idempotencyScripts } from "../../lib/idempotency/scripts.ts";
import { connect } from "../../lib/redis/connect.ts";
import { sessionsContract } from "../../lib/sessions/contract.ts";
import { sessionScripts } from "../../lib/sessions/scripts.ts";
import { createSessions } from "../../lib/sessions/sessions.ts";
import { createRoutes } from "./routes.ts";

const config = readConfig();
const connection = connect(config, {
  log: logger,
  scripts: { ...sessionScripts, ...idempotencyScripts },
});
const sessions = createSessions(connection, config.sessions);
const idempotency = createIdempotency(connection, "sessions", config.sessions.idempotencyMs);

export const handler = serve(sessionsContract, createRoutes(sessions, config, idempotency), {
  config,
  connection,
});
