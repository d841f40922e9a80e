import { inject, vi } from "vitest";
import * as z from "zod/mini";
import { parseConfig } from "../../lib/config.ts";
import type { Contract, Handlers } from "../../lib/http/contract.ts";
import { serve } from "../../lib/http/serve.ts";
import { environmentFor } from "../provided-redis.ts";

/** Operations that need no Redis, to see what stands in front of every operation. */
export const stageContract = {
  whoAmI: {
    method: "GET",
    path: "/v1/cache/who",
    summary: "The caller's tenant",
    access: "cache:read",
    responses: { 200: { description: "Known.", body: z.object({ tenant: z.string() }) } },
  },
  write: {
    method: "POST",
    path: "/v1/cache/who",
    summary: "Needs another scope",
    access: "cache:write",
    responses: { 204: { description: "Allowed." } },
  },
  fail: {
    method: "POST",
    path: "/v1/cache/failures",
    summary: "Fails",
    access: "cache:write",
    responses: { 204: { description: "Never." } },
  },
} as const satisfies Contract;

/** Composes a function as its handler does; `fail` throws what it is given. */
export function stage(environment: Record<string, string> = {}, failure: unknown = new Error("unset")) {
  const handlers: Handlers<typeof stageContract> = {
    whoAmI: async ({ tenant }) => ({ status: 200, body: { tenant } }),
    write: async () => ({ status: 204 }),
    fail: async () => {
      throw failure;
    },
  };
  return serve(stageContract, handlers, {
    config: parseConfig({
      AUTH_PUBLIC_KEY: inject("publicKey"),
      POWERTOOLS_METRICS_DISABLED: "true",
      ...environment,
    }),
  });
}

// Each sandbox listens for the signals that end it, and here many share one process.
process.setMaxListeners(50);

/** Loads a function as a new sandbox does, with these variables in its environment. */
export async function newSandbox<T>(
  load: () => Promise<T>,
  environment: Record<string, string> = {},
): Promise<T> {
  vi.resetModules();
  const { REDIS_URL } = environment;
  const complete = { ...(REDIS_URL && environmentFor(REDIS_URL)), ...environment };
  for (const [name, value] of Object.entries(complete)) vi.stubEnv(name, value);
  try {
    return await load();
  } finally {
    vi.unstubAllEnvs();
  }
}
