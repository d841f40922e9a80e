import {
  attributeAt,
  type Call,
  callsIn,
  misuse,
  PSEUDO_PARAMETERS,
  substitutionsIn,
  textsIn,
} from "./intrinsics.ts";
import { findResourceType } from "./specification.ts";
import type { Problems, Template } from "./template.ts";

/** What is named and is not there, and functions that are called wrongly. */
export function* checkReferences(template: Template): Problems {
  const { Resources, Outputs = {}, Conditions = {} } = template;
  for (const [section, content] of Object.entries({ Resources, Outputs, Conditions })) {
    for (const call of callsIn(content, section)) {
      const wrong = misuse(call) ?? missingTarget(call, template);
      if (wrong) yield `${call.path}: ${wrong}`;
    }
    for (const [path, text] of textsIn(content, section)) {
      const forgotten = forgottenIn(text, template);
      if (forgotten) yield `${path}: \${${forgotten}} stands outside of Fn::Sub`;
    }
  }
  for (const [id, { DependsOn = [] }] of Object.entries(Resources))
    for (const other of [DependsOn].flat())
      if (!(other in Resources)) yield `Resources.${id}.DependsOn: there is no resource ${other}`;
  for (const [section, content] of Object.entries({ Resources, Outputs }))
    for (const [id, { Condition }] of Object.entries(content))
      if (Condition !== undefined && !(Condition in Conditions))
        yield `${section}.${id}.Condition: there is no condition ${Condition}`;
}

/** What a condition leaves out, and something that is chosen names; DependsOn may. */
export function* checkLeftOut(chosen: Template, template: Template): Problems {
  for (const section of ["Resources", "Outputs"] as const)
    for (const [id, part] of Object.entries(chosen[section] ?? {}))
      for (const name of resourcesNamedIn(part, template))
        if (!(name in chosen.Resources)) yield `${section}.${id}: ${name} is left out by its condition`;
}

/** The resources that a value names, and that must be there before it can be known. */
export function resourcesNamedIn(value: unknown, template: Template): string[] {
  const names = callsIn(value, "").flatMap(({ name, argument }) => {
    if (name === "Ref") return [String(argument)];
    if (name === "Fn::GetAtt") return [attributeAt(argument)[0]];
    return name === "Fn::Sub" ? substitutionsIn(argument).map((text) => attributeAt(text)[0]) : [];
  });
  return [...new Set(names)].filter((name) => name in template.Resources);
}

function missingTarget({ name, argument }: Call, template: Template): string | undefined {
  const [first] = Array.isArray(argument) ? argument : [];
  switch (name) {
    case "Ref":
      return missingName(String(argument), template);
    case "Fn::GetAtt":
      return missingAttribute(attributeAt(argument), template);
    case "Fn::Sub":
      return substitutionsIn(argument)
        .map((text) => missing(text, template))
        .find(Boolean);
    case "Fn::If":
      return first in (template.Conditions ?? {}) ? undefined : `there is no condition ${first}`;
    case "Fn::FindInMap":
      return first in (template.Mappings ?? {}) ? undefined : `there is no mapping ${first}`;
  }
}

/** A name that Fn::Sub would have replaced; other `${...}` may be meant for a shell. */
function forgottenIn(text: string, template: Template): string | undefined {
  return substitutionsIn(text).find((name) => /^AWS::/.test(name) || !missing(name, template));
}

function missing(text: string, template: Template): string | undefined {
  return text.includes(".") ? missingAttribute(attributeAt(text), template) : missingName(text, template);
}

function missingName(name: string, { Resources, Parameters = {} }: Template): string | undefined {
  const isThere = name in Resources || name in Parameters || PSEUDO_PARAMETERS.includes(name);
  return isThere ? undefined : `there is no resource or parameter ${name}`;
}

function missingAttribute([id, attribute]: [string, string], { Resources }: Template): string | undefined {
  const type = Resources[id]?.Type;
  if (!type) return `there is no resource ${id || attribute}`;
  const known = findResourceType(type);
  return !known || attribute in known.attributes ? undefined : `${type} has no attribute ${attribute}`;
}
