import { inject } from "vitest";
import { environmentFor } from "./provided-redis.ts";

// A handler reads its configuration while it loads.
Object.assign(process.env, environmentFor(inject("redisUrl")));
process.env.AUTH_PUBLIC_KEY = inject("publicKey");
process.env.POWERTOOLS_METRICS_DISABLED = "true";
process.env.POWERTOOLS_LOG_LEVEL = "SILENT";
