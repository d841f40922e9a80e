import type { Connection, Run } from "../redis/connection.ts";
import { RedisUnavailable } from "../redis/errors.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";
import { leaderboardKeys } from "../redis/keys.ts";
import { type Board, rulesOf, type Settings } from "./board.ts";
import { eachPartition } from "./partitions.ts";
import { Outdated, type Refusal, Refused } from "./refusals.ts";

const MAX_CACHED = 1000;

/** What an operation goes by. */
export interface Visit {
  readonly run: Run;
  readonly board: Board;
  readonly nowMs: number;
}

export type Boards = ReturnType<typeof createBoards>;

/**
 * What boards are. Of at most a thousand it is remembered, and every script makes sure that it is still so: an operation
 * on a board that this function has not met, or that was changed, takes one round trip more.
 */
export function createBoards(connection: Connection) {
  const idempotent = true;
  const cached = new Map<string, Board>();

  function remember(board: Board): Board {
    const key = leaderboardKeys.board(board.tenant, board.name, 0);
    cached.delete(key);
    cached.set(key, board);
    const [oldest] = cached.keys();
    if (cached.size > MAX_CACHED && oldest) cached.delete(oldest);
    return board;
  }

  async function load(run: Run, tenant: string, name: string): Promise<Board> {
    const home = leaderboardKeys.board(tenant, name, 0);
    const [text, version, created, used, longest, state] = await run(
      (redis) => redis.hmget(home, "settings", "version", "created", "used", "longest", "state"),
      { idempotent },
    );
    if (text && version && created && !state) {
      const settings: Settings = JSON.parse(text);
      return remember({
        tenant,
        name,
        settings,
        version,
        created,
        used: used === "1",
        longest: Number(longest),
      });
    }
    forget(tenant, name);
    throw new Refused("board_unknown");
  }

  /** Tells the partitions other than the first, which has it already. */
  async function adopt(
    run: Run,
    { tenant, name, settings, version }: Pick<Board, "tenant" | "name" | "settings" | "version">,
  ): Promise<void> {
    const calls = eachPartition(settings)
      .slice(1)
      .map((partition): Call => {
        const key = leaderboardKeys.board(tenant, name, partition);
        return (p) => p.leaderboardAdopt(key, version, ...rulesOf(settings));
      });
    if (calls.length > 0) await run((redis) => fanOut(redis, calls), { idempotent });
  }

  /** Runs an operation by what the board is now. What is refused by what it was may be right by now, and is tried again. */
  async function visit<T>(
    tenant: string,
    name: string,
    operation: (visit: Visit) => Promise<T>,
  ): Promise<T | { readonly refused: Refusal }> {
    const run = connection.begin();
    const giveUpAt = performance.now() + connection.deadlineMs;
    let nowMs = Date.now();
    try {
      const known = cached.get(leaderboardKeys.board(tenant, name, 0));
      let board = known ?? (await load(run, tenant, name));
      // Somebody changes the board, or writes more notes than one round trip takes: each time it is further on.
      while (performance.now() < giveUpAt) {
        try {
          return await operation({ run, board, nowMs });
        } catch (error) {
          const isGuess = error instanceof Refused && error.isGuess && board === known;
          if (!(error instanceof Outdated) && !isGuess) throw error;
          if (error instanceof Outdated && error.nowMs !== undefined) nowMs = error.nowMs;
          else {
            const { version } = board;
            board = await load(run, tenant, name);
            // A partition that is behind was not reached by whoever changed the board.
            if (board.version === version) await adopt(run, board);
          }
        }
      }
    } catch (error) {
      if (error instanceof Refused) return { refused: error.refusal };
      throw error;
    }
    throw new RedisUnavailable("The board is being changed all the time");
  }

  /** After what this function knows of a board may be untrue. */
  function forget(tenant: string, name: string): void {
    cached.delete(leaderboardKeys.board(tenant, name, 0));
  }

  return { visit, adopt, remember, forget };
}
