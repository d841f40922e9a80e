import { leaderboardKeys } from "../redis/keys.ts";
import type { Visit } from "./boards.ts";
import { digestOf, type Submission } from "./submission.ts";
import { ask } from "./windows.ts";

/**
 * Runs a submission with an idempotency key on a board of several partitions. The first of them knows for all with which
 * entries the key came, and how they were answered; each knows by itself what it has written. Two round trips more.
 */
export async function claimed<T>(
  { run, board }: Visit,
  { key: idempotencyKey, digest, rememberMs }: Submission,
  submit: () => Promise<T>,
): Promise<T> {
  const { tenant, name, version, created } = board;
  const key = leaderboardKeys.board(tenant, name, 0);
  const outcome = leaderboardKeys.outcome(tenant, name, 0, digestOf([created, idempotencyKey, "claim"]));
  const [[known] = [""]] = await ask<[string]>(run, [
    (p) => p.leaderboardClaim(key, outcome, version, digest, rememberMs),
  ]);
  if (known) return JSON.parse(known);
  const answer = await submit();
  await ask(run, [(p) => p.leaderboardAnswer(outcome, JSON.stringify(answer))]);
  return answer;
}
