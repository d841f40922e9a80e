import type { ChainableCommander } from "ioredis";
import type { Run } from "../redis/connection.ts";
import { classify } from "../redis/errors.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";

/** What Redis is asked; `again` where it may have done the same before, and the reply was lost. */
export type Question = (redis: ChainableCommander, again: boolean) => unknown;

/** Asks all of them at once, and again those whose replies were lost or that were refused. Gives the replies in their order. */
export function askAll(run: Run, questions: readonly Question[]): Promise<unknown[]> {
  /** How many times each may have been answered: those that it was sent, without those that it was refused. */
  const asked = questions.map((question) => ({ question, times: 0 }));
  return run(
    (redis) => {
      const calls = asked.map((each): Call => {
        const again = each.times++ > 0;
        return (pipeline) => each.question(pipeline, again);
      });
      return fanOut(redis, calls, (error, at) => {
        const failed = asked[at];
        if (failed && classify(error) === "refused") failed.times--;
        throw error;
      });
    },
    { idempotent: true },
  );
}
