import type { Context } from "aws-lambda";
import { createInvoke } from "../../lib/aws/invoke.ts";
import { readConfig } from "../../lib/config.ts";
import { publishMeasurements } from "../../lib/http/measurements.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { WARM_UP_SOURCE } from "../../lib/http/warm-up.ts";
import { createWarmer, type Outcome, parseTargets } from "../../lib/warmer/warmer.ts";

const { warmTargets, warmJitterMs: jitterMs, metrics } = readConfig();
const warmer = createWarmer(createInvoke(), parseTargets(warmTargets), {
  source: WARM_UP_SOURCE,
  jitterMs,
  onFailure: (functionName, reason) => logger().error("not warmed", { functionName, reason }),
});

/** Runs on a schedule; what it did goes to the log and the metrics, and is its answer. */
export async function handler(_event: unknown, { functionName }: Context): Promise<Outcome[]> {
  const outcomes = await warmer.run();
  for (const outcome of outcomes) logger().info("warmed", { ...outcome });
  if (metrics) {
    for (const outcome of outcomes) publishMeasurements(outcome.functionName, toMeasurements([outcome]));
    publishMeasurements(functionName, toMeasurements(outcomes));
  }
  return outcomes;
}

function toMeasurements(outcomes: readonly Outcome[]) {
  const sum = (count: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0);
  return {
    SandboxesWarmed: sum(({ sandboxes, failed }) => sandboxes - failed),
    SandboxesCold: sum(({ cold }) => cold),
    SandboxesFailed: sum(({ failed }) => failed),
  };
}
