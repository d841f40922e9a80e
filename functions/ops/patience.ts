import type { Connection } from "../../lib/redis/connection.ts";

/** How long a call with an idempotency key is known again. */
export const REMEMBER_MS = 3_600_000;
/** The longest that ElastiCache may keep a call busy: four questions, one after the other. */
const WORK_MS = 14_000;

/** For calls whose work waits for ElastiCache: each operation on Redis has its deadline to itself. */
export function patient(connection: Connection): Connection {
  const waiting: Connection = { ...connection, deadlineMs: WORK_MS / 2, sharing: () => waiting };
  return waiting;
}
