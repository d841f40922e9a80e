import type { Template } from "./template.ts";

/** What is found, and the value that lets it be found, by its keys in the template; nothing takes away what is there. */
export type Fault = readonly [problem: string, path: string, value: unknown];

export function withFault(sound: Template, path: string, value: unknown): Template {
  const template = structuredClone(sound);
  const keys = path.split("/");
  const last = keys.pop() ?? "";
  const parent = keys.reduce<Record<string, unknown>>(
    (inner, key) => inner[key] as Record<string, unknown>,
    template as unknown as Record<string, unknown>,
  );
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return template;
}
