import type { Redis } from "ioredis";
import trend from "../../lib/likes/lua/trend.lua" with { type: "text" };
import untrend from "../../lib/likes/lua/untrend.lua" with { type: "text" };

/** In microseconds. */
export const HALF_LIFE = 3_600_000_000;
/** Such as a clock tells it, in half-lives. */
const BEGIN = 497_222.4;

/** A like, or that it is taken back; `at` is the time of the like, in half-lives since the beginning. */
export interface Step {
  readonly do: "like" | "take";
  readonly subject: string;
  readonly at: number;
  readonly weight: number;
}

/** The functions that the scripts of likes call, with times of the test's own. */
const SCRIPT = `${trend}\n${untrend}
for index = 2, #ARGV, 4 do
  local verb, subject, at, weight = unpack(ARGV, index, index + 3)
  if verb == 'like' then
    trend(KEYS[1], ARGV[1], subject, at, weight)
  else
    untrend(KEYS[1], ARGV[1], subject, at)
  end
end
return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')`;

/** Takes steps in a set; gives what every subject of it weighs at a time, and under no name those that are not. */
export async function take(
  client: Pick<Redis, "eval">,
  key: string,
  steps: readonly Step[],
  now: number,
): Promise<Map<string, number>> {
  const fields = steps.flatMap((step) => [
    step.do,
    step.subject,
    Math.round((BEGIN + step.at) * HALF_LIFE),
    step.weight,
  ]);
  const rows = (await client.eval(SCRIPT, 1, key, HALF_LIFE, ...fields)) as string[];
  const weights = new Map<string, number>();
  for (let index = 0; index < rows.length; index += 2)
    weights.set(rows[index] ?? "", 2 ** (Number(rows[index + 1]) - BEGIN - now));
  return weights;
}

/** What every subject weighs, by all its likes that were not taken back; and all together, these included. */
export function weigh(steps: readonly Step[], now: number): { weights: Map<string, number>; all: number } {
  const weights = new Map<string, number>();
  let all = 0;
  for (const { do: verb, subject, at, weight } of steps) {
    const worth = weight * 2 ** (at - now);
    weights.set(subject, (weights.get(subject) ?? 0) + (verb === "like" ? worth : -worth));
    if (verb === "like") all += worth;
  }
  return { weights, all };
}
