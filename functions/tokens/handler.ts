import { readConfig } from "../../lib/config.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { createIdempotency } from "../../lib/idempotency/idempotency.ts";
import { idempotencyScripts } from "../../lib/idempotency/scripts.ts";
import { connect } from "../../lib/redis/connect.ts";
import { tokensContract } from "../../lib/tokens/contract.ts";
import { tokenScripts } from "../../lib/tokens/scripts.ts";
import { createTokens } from "../../lib/tokens/tokens.ts";
import { createRoutes } from "./routes.ts";

const config = readConfig();
const connection = connect(config, {
  log: logger,
  scripts: { ...tokenScripts, ...idempotencyScripts },
});
const tokens = createTokens(connection, config.tokens);
const idempotency = createIdempotency(connection, "tokens", config.tokens.idempotencyMs);

export const handler = serve(tokensContract, createRoutes(tokens, config, idempotency), {
  config,
  connection,
});
