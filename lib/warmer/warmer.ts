import { setTimeout as sleep } from "node:timers/promises";
import type { Invoke } from "../aws/invoke.ts";
import { ConfigError } from "../config.ts";

/** A function and how many of its sandboxes are to be kept warm. */
export interface Target {
  readonly functionName: string;
  readonly sandboxes: number;
}

/** What became of the calls to one function: how many sandboxes were new, and how many did not answer. */
export interface Outcome extends Target {
  readonly cold: number;
  readonly failed: number;
}

export interface WarmerOptions {
  /** What the events say that they come from. */
  readonly source: string;
  /** Each target waits at random up to so long, so that their sandboxes do not all connect to Redis at once. */
  readonly jitterMs: number;
  /** Is told why a call failed. */
  readonly onFailure?: (functionName: string, reason: string) => void;
}

/** What a sandbox says to a warm-up; anything else is no answer of ours. */
type Answer = { readonly warmed?: boolean; readonly cold?: boolean } | null;

/** While each call keeps its sandbox busy, the next one must find another. */
const HOLD_MS = 75;
const MAX_SANDBOXES = 100;

/** Reads `<function name>=<sandboxes>`. Throws `ConfigError`. */
export function parseTargets(texts: readonly string[]): Target[] {
  return texts.map((text) => {
    const [, functionName, count] = /^([\w-]{1,64})=(\d{1,3})$/.exec(text) ?? [];
    const sandboxes = Number(count);
    if (!functionName || sandboxes < 1 || sandboxes > MAX_SANDBOXES) {
      throw new ConfigError(
        `Wrong configuration. WARM_TARGETS: each must be <function name>=<1 to ${MAX_SANDBOXES}>, separated by commas`,
      );
    }
    return { functionName, sandboxes };
  });
}

/**
 * Keeps `sandboxes` sandboxes of each target warm: sends so many warm-up events at once, and counts how many started
 * cold. A failing target does not keep the others from being warmed. `run` never rejects.
 */
export function createWarmer(
  invoke: Invoke,
  targets: readonly Target[],
  { source, jitterMs, onFailure = () => {} }: WarmerOptions,
) {
  async function warm(target: Target): Promise<Outcome> {
    const { functionName, sandboxes } = target;
    await sleep(Math.random() * jitterMs);
    const event = { source, holdMs: sandboxes > 1 ? HOLD_MS : 0 };
    const answers = await Promise.allSettled(
      Array.from({ length: sandboxes }, () => invoke(functionName, event)),
    );
    const reasons = new Set<string>();
    let cold = 0;
    let warmed = 0;
    for (const answer of answers) {
      const reply = answer.status === "fulfilled" ? (answer.value as Answer) : undefined;
      if (reply?.warmed) warmed++;
      else reasons.add(answer.status === "rejected" ? String(answer.reason?.message) : "no warm-up's answer");
      if (reply?.warmed && reply.cold) cold++;
    }
    for (const reason of reasons) onFailure(functionName, reason);
    return { ...target, cold, failed: sandboxes - warmed };
  }
  return { run: (): Promise<Outcome[]> => Promise.all(targets.map(warm)) };
}
