import { createInvoke } from "../../lib/aws/invoke.ts";
import { readConfig } from "../../lib/config.ts";
import { logger } from "../../lib/http/telemetry.ts";
import { WARM_UP_SOURCE } from "../../lib/http/warm-up.ts";
import { createWarmer, parseTargets } from "../../lib/warmer/warmer.ts";

const warmer = createWarmer(createInvoke(), parseTargets(readConfig().warmTargets), WARM_UP_SOURCE);

/** Runs on a schedule; what it did goes to the log and is its answer. */
export async function handler() {
  const outcomes = await warmer.run();
  for (const outcome of outcomes) logger()[outcome.failed > 0 ? "error" : "info"]("warmed", { ...outcome });
  return outcomes;
}
