import { readConfig } from "../../lib/config.ts";
import type { Handlers } from "../../lib/http/contract.ts";
import { serve } from "../../lib/http/serve.ts";
import { openapiContract } from "../../lib/openapi/contract.ts";
import openapi from "../../openapi.json" with { type: "json" };

const routes: Handlers<typeof openapiContract> = {
  async getOpenapi() {
    return { status: 200, body: openapi };
  },
};

/** Also answers whatever no other function does, with a 404. */
export const handler = serve(openapiContract, routes, { config: readConfig() });
