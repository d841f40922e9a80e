import * as z from "zod/mini";
import type { Contract } from "../http/contract.ts";

/** Whether the service is alive. */
export const healthContract = {
  getHealth: {
    method: "GET",
    path: "/v1/health",
    summary: "Whether the function runs and Redis answers",
    description: "Public. One PING, answered within a second whatever Redis does.",
    access: "public",
    responses: {
      200: {
        description: "Redis answers.",
        body: z.object({ status: z.literal("ok"), redisRoundTripMs: z.number() }),
      },
    },
  },
} as const satisfies Contract;
