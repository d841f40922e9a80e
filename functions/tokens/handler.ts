import { readConfig } from "../../lib/config.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { connect } from "../../lib/redis/connect.ts";
import { tokensContract } from "../../lib/tokens/contract.ts";
import { tokenScripts } from "../../lib/tokens/scripts.ts";
import { createTokens } from "../../lib/tokens/tokens.ts";
import { createRoutes } from "./routes.ts";

const config = readConfig();
const connection = connect(config, { log: logger, scripts: tokenScripts });
const tokens = createTokens(connection, config.tokens);

export const handler = serve(tokensContract, createRoutes(tokens, config), { config, connection });
