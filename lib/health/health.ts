import type { Connection } from "../redis/connection.ts";

export interface Health {
  readonly status: "ok";
  readonly redisRoundTripMs: number;
}

export function createHealth(connection: Connection) {
  return {
    /** One PING. Rejects with `RedisUnavailable` by the connection's deadline. */
    async check(): Promise<Health> {
      const startedAt = performance.now();
      await connection.ping();
      return { status: "ok", redisRoundTripMs: Math.round((performance.now() - startedAt) * 1000) / 1000 };
    },
  };
}
