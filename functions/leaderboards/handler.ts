import { readConfig } from "../../lib/config.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { leaderboardsContract } from "../../lib/leaderboards/contract.ts";
import { createLeaderboards } from "../../lib/leaderboards/leaderboards.ts";
import { leaderboardScripts } from "../../lib/leaderboards/scripts.ts";
import { connect } from "../../lib/redis/connect.ts";
import { createRoutes, MAX_BODY_BYTES } from "./routes.ts";

const config = readConfig();
const connection = connect(config, { log: logger, scripts: leaderboardScripts });
const leaderboards = createLeaderboards(connection, config.leaderboards);
const replica = createLeaderboards(connection.eventual, config.leaderboards);

export const handler = serve(leaderboardsContract, createRoutes(leaderboards, config, replica), {
  config,
  connection,
  maxBodyBytes: MAX_BODY_BYTES,
});
