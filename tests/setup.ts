import { inject } from "vitest";

// A handler reads its configuration while it loads.
process.env.REDIS_URL = inject("redisUrl");
process.env.AUTH_PUBLIC_KEY = inject("publicKey");
process.env.POWERTOOLS_METRICS_DISABLED = "true";
process.env.POWERTOOLS_LOG_LEVEL = "SILENT";
