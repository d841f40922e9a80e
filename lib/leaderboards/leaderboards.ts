import type { Config } from "../config.ts";
import type { Connection } from "../redis/connection.ts";
import { createAround } from "./around.ts";
import { createBoards } from "./boards.ts";
import { createLifecycle } from "./lifecycle.ts";
import { createMembers } from "./members.ts";
import { createPages } from "./pages.ts";
import { createSubmit } from "./submit.ts";

export type Leaderboards = ReturnType<typeof createLeaderboards>;

/**
 * Leaderboards of many tenants. An operation that cannot be done says why, as `refused`. Each is safe to repeat after a
 * lost reply. Rejects with `RedisUnavailable` or `OutOfMemory`.
 */
export function createLeaderboards(connection: Connection, { idempotencyMs }: Config["leaderboards"]) {
  const boards = createBoards(connection);
  return {
    ...createLifecycle(connection, boards),
    submit: createSubmit(connection, boards, idempotencyMs),
    page: createPages(boards),
    around: createAround(boards),
    members: createMembers(connection, boards),
  };
}
