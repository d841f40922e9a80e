import { randomUUID } from "node:crypto";
import type { Connection } from "../redis/connection.ts";
import { leaderboardKeys } from "../redis/keys.ts";
import { type Board, flip } from "./board.ts";
import type { Boards, Visit } from "./boards.ts";
import { claimed } from "./claim.ts";
import { submitToPartitions } from "./spread.ts";
import {
  digestOf,
  type Receipt,
  readReceipt,
  type Submission,
  type Submitted,
  type Written,
  write,
} from "./submission.ts";
import { ask, type View, viewOf } from "./windows.ts";

/** What became of an entry in one window. A member that is not among those kept has neither score nor rank. */
export interface Outcome {
  readonly score: number | null;
  readonly rank: number | null;
  readonly previousRank: number | null;
  readonly changed: boolean;
}

/** Together they name a call. */
const sandbox = randomUUID();
let calls = 0;

let lastArrival = 0;

/** The microsecond of the first of so many entries: none is that of another entry which arrived here. */
function arrive(entries: number): number {
  const first = Math.max(Date.now() * 1000, lastArrival + 1);
  lastArrival = first + entries - 1;
  return first;
}

export function createSubmit(connection: Connection, boards: Boards, idempotencyMs: number) {
  /** From here on, what the scores rest on cannot change; the first partition knows it for all. */
  async function use({ run, board }: Visit): Promise<void> {
    const home = leaderboardKeys.board(board.tenant, board.name, 0);
    await ask(run, [(p) => p.leaderboardUse(home, board.version)]);
    boards.remember({ ...board, used: true });
  }

  /**
   * Writes scores, in their order, into every window; an entry into all of them at one moment. Ranks are those after
   * the whole call and before it. With an idempotency key the same call counts once, for as long as keys are remembered;
   * another call with that key is refused. One round trip and O(log n) an entry and window. If the board has several
   * partitions: two, O(partitions · log n) an entry and window, two more for a key, and one for the first scores it ever gets;
   * each partition writes its entries or none.
   */
  async function submit(
    tenant: string,
    name: string,
    entries: readonly Submitted[],
    idempotencyKey?: string,
  ) {
    const submission: Submission = {
      entries,
      key: idempotencyKey,
      digest: idempotencyKey === undefined ? "own" : digestOf(entries),
      nonce: `${sandbox}-${calls++}`,
      rememberMs: idempotencyKey === undefined ? 2 * connection.deadlineMs : idempotencyMs,
      arrivedAt: arrive(entries.length),
    };
    return boards.visit(tenant, name, async (visit) => {
      const { board } = visit;
      const { settings } = board;
      const views = settings.windows.map((window) => viewOf(visit, { window }));
      const describe = (windows: Receipt["windows"]) => ({
        results: entries.map(({ member }, entry) => ({
          member,
          windows: Object.fromEntries(
            settings.windows.map((window, at) => [window, outcomeOf(board, windows[at]?.[entry])]),
          ),
        })),
      });
      if (settings.partitions === 1)
        return describe(await submitToOne(visit, views, { ...submission, arrivedAt: "" }));
      if (!board.used) await use(visit);
      const spread = async () => describe(await submitToPartitions(visit, views, submission));
      return idempotencyKey === undefined ? spread() : claimed(visit, submission, spread);
    });
  }

  return submit;
}

async function submitToOne(
  { run, board }: Visit,
  views: readonly View[],
  submission: Submission,
): Promise<Receipt["windows"]> {
  const members = submission.entries.map(({ member }) => member);
  const [reply = []] = await ask<(string | number)[]>(run, [
    write(views, 0, submission, [...members.keys()]),
  ]);
  return readReceipt(reply, members, board.settings).windows;
}

function outcomeOf({ settings }: Board, written: Written | undefined): Outcome {
  const { score, now, before, changed } = written ?? {};
  return {
    score: now && score !== undefined ? flip(settings.order, score) : null,
    rank: now?.rank ?? null,
    previousRank: before?.rank ?? null,
    changed: Boolean(changed && (now ?? before)),
  };
}
