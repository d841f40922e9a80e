import { callsIn, isCall, kindOf } from "./intrinsics.ts";
import type { Problems, Template } from "./template.ts";

const SECTIONS = [
  "AWSTemplateFormatVersion",
  "Description",
  "Metadata",
  "Parameters",
  "Rules",
  "Mappings",
  "Conditions",
  "Transform",
  "Resources",
  "Outputs",
];
const OUTPUT_PARTS = ["Value", "Description", "Export", "Condition"];
const MOST = { Parameters: 200, Mappings: 200, Resources: 500, Outputs: 200 };
const MOST_BYTES = 1024 * 1024;

const PARAMETER_TYPE =
  /^(String|Number|CommaDelimitedList|List<(Number|AWS::[\w:]+)>|AWS::EC2::[\w:]+|AWS::SSM::Parameter::(Name|Value<(String|List<String>|CommaDelimitedList|(List<)?AWS::EC2::[\w:]+>?)>))$/;

/** The template as a whole, its parameters and its outputs. */
export function* checkSections(template: Template): Problems {
  for (const section of Object.keys(template))
    if (!SECTIONS.includes(section)) yield `${section}: is no section of a template`;
  for (const [section, most] of Object.entries(MOST)) {
    const { length } = Object.keys(template[section as keyof typeof MOST] ?? {});
    if (length > most) yield `${section}: may hold ${most}, not ${length}`;
  }
  const bytes = Buffer.byteLength(JSON.stringify(template));
  if (bytes > MOST_BYTES) yield `template: may have ${MOST_BYTES} bytes, not ${bytes}`;

  for (const [id, { Type, Default = "" }] of Object.entries(template.Parameters ?? {})) {
    if (!PARAMETER_TYPE.test(Type)) yield `Parameters.${id}.Type: ${Type} is unknown`;
    if (!["string", "number"].includes(typeof Default))
      yield `Parameters.${id}.Default: must be a text or a number`;
  }
  yield* checkOutputs(template);
  yield* checkConditions(template);
  for (const path of nullsIn(template, "")) yield `${path.slice(1)}: is null`;
}

/** Conditions are decided before anything is made, and one after another. */
function* checkConditions({ Conditions = {}, Resources }: Template): Problems {
  for (const [id, condition] of Object.entries(Conditions)) {
    for (const { name, argument } of callsIn(condition, ""))
      if (name === "Fn::GetAtt" || (name === "Ref" && String(argument) in Resources))
        yield `Conditions.${id}: depends on a resource`;
    for (const name of conditionsIn(condition))
      if (!(name in Conditions)) yield `Conditions.${id}: there is no condition ${name}`;
    if (reaches(id, id, Conditions)) yield `Conditions.${id}: depends on itself`;
  }
}

function reaches(
  from: string,
  to: string,
  conditions: Readonly<Record<string, unknown>>,
  seen = new Set<string>(),
): boolean {
  return conditionsIn(conditions[from]).some((name) => {
    if (name === to) return true;
    if (seen.has(name)) return false;
    return reaches(name, to, conditions, seen.add(name));
  });
}

function conditionsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "Condition" && typeof inner === "string" ? [inner] : conditionsIn(inner),
  );
}

function nullsIn(value: unknown, path: string): string[] {
  if (value === null) return [path];
  if (typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => nullsIn(inner, `${path}.${key}`));
}

function* checkOutputs(template: Template): Problems {
  const exported = new Set<string>();
  for (const [id, output] of Object.entries(template.Outputs ?? {})) {
    for (const part of Object.keys(output))
      if (!OUTPUT_PARTS.includes(part)) yield `Outputs.${id}.${part}: is unknown`;
    const kind = isCall(output.Value) ? kindOf(output.Value, template) : typeof output.Value;
    if (!["text", "string", "anything"].includes(kind)) yield `Outputs.${id}.Value: must be a text`;
    if (output.Export && Object.keys(output.Export).join() !== "Name")
      yield `Outputs.${id}.Export: must have a Name`;
    const name = output.Export && JSON.stringify(output.Export.Name);
    if (name && exported.has(name)) yield `Outputs.${id}.Export: ${name} is exported twice`;
    if (name) exported.add(name);
  }
}
