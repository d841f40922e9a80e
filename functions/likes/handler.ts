import { readConfig } from "../../lib/config.ts";
import { serve } from "../../lib/http/serve.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { likesContract } from "../../lib/likes/contract.ts";
import { createLikes } from "../../lib/likes/likes.ts";
import { likeScripts } from "../../lib/likes/scripts.ts";
import { connect } from "../../lib/redis/connect.ts";
import { createRoutes } from "./routes.ts";

const config = readConfig();
const connection = connect(config, { log: logger, scripts: likeScripts });
const likes = createLikes(connection, config.likes);
const replica = createLikes(connection.eventual, config.likes);

export const handler = serve(likesContract, createRoutes(likes, config, replica), { config, connection });
