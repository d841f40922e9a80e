import { resourcesNamedIn } from "./references.ts";
import type { Problems, Template } from "./template.ts";

/** Resources that wait for each other. */
export function* checkCycles(template: Template): Problems {
  const done = new Set<string>();

  function* follow(id: string, trail: readonly string[]): Problems {
    const start = trail.indexOf(id);
    if (start >= 0)
      return yield `Resources.${id}: waits for itself, ${[...trail.slice(start), id].join(" -> ")}`;
    if (done.has(id)) return;
    for (const next of needs(id, template)) yield* follow(next, [...trail, id]);
    done.add(id);
  }
  for (const id of Object.keys(template.Resources)) yield* follow(id, []);
}

function needs(id: string, template: Template): string[] {
  const resource = template.Resources[id];
  return [...[resource?.DependsOn ?? []].flat(), ...resourcesNamedIn(resource, template)];
}
