import { createRequire } from "node:module";

interface Parameter {
  readonly says: string;
  readonly for?: readonly string[];
  readonly default?: string | ((cache: string, stage: string) => string);
}

interface ParameterList {
  readonly NODES: readonly string[];
  readonly OWN: readonly string[];
  readonly PARAMETERS: Readonly<Record<string, Parameter>>;
}

const { NODES, OWN, PARAMETERS }: ParameterList = createRequire(import.meta.url)(
  "../infra/parameter-list.cjs",
);

/** A row for every parameter of a deployment: its name, its default in production, what it sets, and for which caches. */
export function parameterRows(): string[][] {
  return Object.entries(PARAMETERS).map(([name, parameter]) => {
    const value = name === "cache" ? "serverless" : defaultOf(parameter);
    return [`\`${name}\``, value && `\`${value}\``, parameter.says, cachesOf(parameter)];
  });
}

function defaultOf({ default: value = "", for: caches = ["serverless"] }: Parameter): string {
  return typeof value === "string" ? value : value(caches[0] ?? "", "prod");
}

function cachesOf({ for: caches }: Parameter): string {
  if (!caches) return "all";
  const isAll = (others: readonly string[]) => others.every((cache) => caches.includes(cache));
  if (isAll(OWN)) return "all but `external`";
  const named = isAll(NODES)
    ? ["those of nodes", ...caches.filter((cache) => !NODES.includes(cache))]
    : caches;
  return named.map((cache) => (cache.includes(" ") ? cache : `\`${cache}\``)).join(", ");
}
