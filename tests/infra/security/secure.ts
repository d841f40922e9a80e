import { resolveConditions } from "../validator/conditions.ts";
import type { Template } from "../validator/template.ts";
import { checkAccess } from "./access.ts";
import { checkApi } from "./api.ts";
import { checkEncryption } from "./encryption.ts";
import { checkExposure } from "./exposure.ts";
import { checkFunctions } from "./functions.ts";
import { checkKeeping } from "./keeping.ts";
import { checkSecrets } from "./secrets.ts";
import { checkUsers } from "./users.ts";

const CHECKS = [
  checkAccess,
  checkApi,
  checkEncryption,
  checkExposure,
  checkFunctions,
  checkKeeping,
  checkSecrets,
  checkUsers,
];

/** What a template lets happen that nobody wants, each as `<logical id>: <problem>`. */
export function weaknessesOf(template: Template): string[] {
  const decided = resolveConditions(template);
  return CHECKS.flatMap((check) => [...check(decided)]);
}
