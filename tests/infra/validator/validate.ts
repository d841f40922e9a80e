import { resolveConditions } from "./conditions.ts";
import { checkCycles } from "./cycles.ts";
import { checkElastiCache } from "./elasticache.ts";
import { checkLimits } from "./limits.ts";
import { checkMetrics } from "./metrics.ts";
import { checkNames } from "./names.ts";
import { checkPolicies } from "./policies.ts";
import { checkLeftOut, checkReferences } from "./references.ts";
import { checkResources } from "./resources.ts";
import { checkSections } from "./sections.ts";
import type { Template } from "./template.ts";

/** What must be right even where a condition leaves it out, and what only where it is chosen. */
const CHECKS = [checkSections, checkReferences, checkCycles];
const CHECKS_OF_CHOSEN = [
  checkResources,
  checkPolicies,
  checkNames,
  checkLimits,
  checkMetrics,
  checkElastiCache,
];

/** What AWS would refuse of a template, each as `<path>: <problem>`, as far as that can be told offline. */
export function validateTemplate(template: Template): string[] {
  const chosen = resolveConditions(template);
  return [
    ...CHECKS.flatMap((check) => [...check(template)]),
    ...checkLeftOut(chosen, template),
    ...CHECKS_OF_CHOSEN.flatMap((check) => [...check(chosen)]),
  ];
}
