import * as z from "zod/mini";
import type { Contract } from "../http/contract.ts";

/** The description of the whole service. */
export const openapiContract = {
  getOpenapi: {
    method: "GET",
    path: "/v1/openapi.json",
    summary: "This API as OpenAPI 3.1",
    description: "Any valid token may read it. No round trip to Redis.",
    access: "authenticated",
    responses: {
      200: { description: "The description.", body: z.looseObject({ openapi: z.string() }) },
    },
  },
} as const satisfies Contract;
