import { randomUUID } from "node:crypto";
import type { Connection } from "../redis/connection.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";
import { leaderboardKeys } from "../redis/keys.ts";
import { type Board, fixedPart, rulesOf, type Settings } from "./board.ts";
import type { Boards } from "./boards.ts";
import { chunks } from "./chunks.ts";
import { dataKeys, eachPartition, expiryOf, keptPeriods } from "./partitions.ts";
import type { Period } from "./periods.ts";

/** So long a deleted board is remembered, so that no operation that was under way brings back a part of it. */
const REMEMBER_MS = 3_600_000;
/** One script takes so many keys, and one round trip so many scripts. */
const KEYS_PER_SCRIPT = 100;
const SCRIPTS_PER_STEP = 20;

/** Creates boards, changes and deletes them. */
export function createLifecycle(connection: Connection, boards: Boards) {
  const idempotent = true;
  const rememberMs = 2 * connection.deadlineMs;

  /** Lets what there is of each period live as long as the board says now, in every partition alike; the first goes last. */
  async function keep(
    board: Pick<Board, "tenant" | "name" | "settings" | "version" | "longest">,
  ): Promise<void> {
    const { tenant, name, settings, version } = board;
    const periods = keptPeriods(board, Date.now()).filter(({ window }) => window !== "all");
    const calls = eachPartition(settings)
      .reverse()
      .flatMap((partition) => {
        const key = leaderboardKeys.board(tenant, name, partition);
        const held = periods.flatMap((period) => {
          const expiry = expiryOf(settings, period);
          const keys = Object.values(leaderboardKeys.window(tenant, name, partition, period.id));
          return keys.map((name) => ({ name, expiry }));
        });
        return chunks(held, KEYS_PER_SCRIPT).map((some, at, { length }): Call => {
          const keys = [key, ...some.map(({ name }) => name)];
          const isLast = partition === 0 && at === length - 1 ? 1 : 0;
          const args = [version, isLast, ...some.map(({ expiry }) => expiry)];
          return (p) => p.leaderboardKeep(keys.length, ...keys, ...args);
        });
      });
    await inSteps(calls);
  }

  /** Each step with a deadline of its own. */
  async function inSteps(calls: readonly Call[]): Promise<void> {
    for (const step of chunks(calls, SCRIPTS_PER_STEP)) {
      await connection.run((redis) => fanOut(redis, step), { idempotent });
    }
  }

  /** Creates a board or changes it. Two round trips if it has partitions, otherwise one; more after half a deletion. */
  async function put(
    tenant: string,
    name: string,
    settings: Settings,
  ): Promise<{ readonly outcome: "created" | "changed" | "fixed" }> {
    const run = connection.begin();
    const home = leaderboardKeys.board(tenant, name, 0);
    const outcome = leaderboardKeys.outcome(tenant, name, 0, randomUUID());
    const { capacity = 0, partitions, pastWindows } = settings;
    const text = JSON.stringify(settings);
    for (;;) {
      const [became, version = "", unkept] = await run(
        (redis) =>
          redis.leaderboardPut(
            home,
            outcome,
            rememberMs,
            fixedPart(settings),
            capacity,
            partitions,
            pastWindows,
            text,
            ...rulesOf(settings),
          ),
        { idempotent },
      );
      if (became === "fixed") return { outcome: became };
      if (became !== "deleting") {
        boards.forget(tenant, name);
        await boards.adopt(run, { tenant, name, settings, version });
        if (unkept) await keep({ tenant, name, settings, version, longest: Number(unkept) });
        return { outcome: became };
      }
      await remove(tenant, name);
    }
  }

  /**
   * Deletes a board and all it holds; the same whether it was there or not. Two round trips, and one more for each two
   * thousand keys, each with a deadline of its own: Redis only unlinks them, and frees their memory in the background. One
   * that was cut goes on when it is sent again, or when somebody creates a board of that name.
   */
  async function remove(tenant: string, name: string): Promise<void> {
    const home = leaderboardKeys.board(tenant, name, 0);
    boards.forget(tenant, name);
    const outcome = leaderboardKeys.outcome(tenant, name, 0, randomUUID());
    const closed = await connection.run((redis) => redis.leaderboardClose(home, outcome, rememberMs), {
      idempotent,
    });
    if (!closed) return;
    const [text, version, created, widest, longest] = closed;
    const settings: Settings = JSON.parse(text);
    const board: Board = { tenant, name, settings, version, created, used: true, longest: Number(longest) };
    const periods = keptPeriods(board, Date.now());
    const [first = 0, ...others] = eachPartition({ partitions: Number(widest) });
    // The first goes last: as long as it is there, somebody knows what is still to be done.
    for (const partitions of [others, [first]]) {
      const calls = partitions.flatMap((partition) => clear(board, partition, periods));
      await inSteps(calls);
    }
  }

  return { put, remove };
}

function clear(board: Board, partition: number, periods: readonly Period[]): Call[] {
  const key = leaderboardKeys.board(board.tenant, board.name, partition);
  const keys = dataKeys(board, partition, periods);
  return chunks(keys, KEYS_PER_SCRIPT).map((some, at, { length }): Call => {
    const state = at < length - 1 ? "deleting" : "deleted";
    const args = [key, ...some, board.version, state, REMEMBER_MS];
    return (p) => p.leaderboardClear(1 + some.length, ...args);
  });
}
