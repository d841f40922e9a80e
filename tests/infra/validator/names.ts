import { findResourceType } from "./specification.ts";
import type { Problems, Template } from "./template.ts";

/** Resources of one kind with the same name, of which only the first can be made. */
export function* checkNames(template: Template): Problems {
  const taken = new Map<string, string>();
  for (const [id, { Type, Properties = {} }] of Object.entries(template.Resources)) {
    const identifier = findResourceType(Type)?.primaryIdentifier ?? [];
    const values = identifier.map((name) => Properties?.[name]);
    if (values.length === 0 || values.includes(undefined)) continue;
    const name = JSON.stringify([Type, ...values]);
    if (taken.has(name)) yield `Resources.${id}: has the ${identifier.join(", ")} of ${taken.get(name)}`;
    taken.set(name, id);
  }
}
