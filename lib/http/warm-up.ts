import { setTimeout as sleep } from "node:timers/promises";
import type { MiddlewareObj } from "@middy/core";
import type { Connection } from "../redis/connection.ts";
import { takeColdStart } from "./telemetry.ts";

export const WARM_UP_SOURCE = "redigate.warmer";

/** What the warmer sends instead of a request. */
export interface WarmUp {
  readonly source: typeof WARM_UP_SOURCE;
  /** Keeps this sandbox busy so long, so that calls at the same time find others; at most 1000 milliseconds. */
  readonly holdMs?: number;
}

/** What a warmed sandbox answers. */
export interface Warmed {
  readonly warmed: true;
  readonly cold: boolean;
  /** Whether the module-scoped connection answered a PING; functions without Redis say true. */
  readonly connected: boolean;
}

/** Answers warm-up events before anything else is done, and lets everything else through. */
export function warmUp(connection: Connection | undefined): MiddlewareObj {
  return {
    before: async (request): Promise<Warmed | undefined> => {
      const event = request.event as Partial<WarmUp>;
      if (event.source !== WARM_UP_SOURCE) return undefined;
      const [connected] = await Promise.all([
        isAlive(connection),
        sleep(Math.min(Math.max(Number(event.holdMs) || 0, 0), 1000)),
      ]);
      connection?.takeRoundTrips();
      return { warmed: true, cold: takeColdStart(), connected };
    },
  };
}

async function isAlive(connection: Connection | undefined): Promise<boolean> {
  try {
    await connection?.ping();
    return true;
  } catch {
    return false;
  }
}
