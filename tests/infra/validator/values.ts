import { isCall, kindOf } from "./intrinsics.ts";
import { type Properties, type PropertyType, propertiesOf } from "./specification.ts";
import { isRecord, type Problems, type Template } from "./template.ts";

export interface Place {
  readonly template: Template;
  /** Of the resource, as far as its properties. */
  readonly root: string;
  /** From there on. */
  readonly path: readonly (string | number)[];
  /** What AWS sets, parts of objects too (`Endpoint.Address`). */
  readonly readOnly: readonly string[];
}

const TAG: Properties = {
  Key: { type: { type: "string" }, required: true },
  Value: { type: { type: "string" }, required: true },
};

/** Where a value is not what the specification says it must be. */
export function* checkProperties(values: unknown, properties: Properties, place: Place): Problems {
  if (!isRecord(values)) return yield `${nameOf(place)}: must be an object, not ${JSON.stringify(values)}`;
  for (const [name, value] of Object.entries(values)) {
    const inner = inside(place, name);
    const property = properties[name];
    // A few of a resource's own properties are attributes as well, and may be set.
    if (isReadOnly(inner) && (!property || place.path.length > 0)) yield `${nameOf(inner)}: is read-only`;
    else if (property) yield* checkValue(value, property.type, inner);
    else yield `${nameOf(inner)}: is unknown`;
  }
  for (const [name, { required }] of Object.entries(properties))
    if (required && values[name] === undefined) yield `${nameOf(place)}: lacks ${name}`;
}

function* checkValue(value: unknown, type: PropertyType, place: Place): Problems {
  for (const possible of alternatives(value)) {
    if (isCall(possible)) yield* checkCall(possible, type, place);
    else if (type.type === "tag") yield* checkProperties(possible, TAG, place);
    else if (type.type === "ref") yield* checkProperties(possible, propertiesOf(type.reference), place);
    else if (!isA(possible, type, place))
      yield `${nameOf(place)}: must be ${describe(type)}, not ${JSON.stringify(possible)}`;
    else if (type.type === "array" || type.type === "map")
      for (const [key, item] of Object.entries(possible as object))
        yield* checkValue(item, type.element, inside(place, key));
  }
}

/** The branches of an Fn::If, without those that leave the property out. */
function alternatives(value: unknown): unknown[] {
  if (isRecord(value) && Array.isArray(value["Fn::If"]))
    return value["Fn::If"].slice(1).flatMap(alternatives);
  return isRecord(value) && value.Ref === "AWS::NoValue" ? [] : [value];
}

function* checkCall(call: Readonly<Record<string, unknown>>, type: PropertyType, place: Place): Problems {
  const kind = kindOf(call, place.template);
  const isTaken = {
    text: !["array", "map", "ref", "tag"].includes(type.type),
    list: ["array", "json", "union"].includes(type.type),
    object: ["map", "ref", "json", "union"].includes(type.type),
    anything: true,
  }[kind];
  if (!isTaken) yield `${nameOf(place)}: must be ${describe(type)}, not the ${kind} of ${Object.keys(call)}`;
}

/** Whether a value is of a type, apart from what is inside it. */
function isA(value: unknown, type: PropertyType, place: Place): boolean {
  switch (type.type) {
    case "string":
      return typeof value === "string" && (type.allowedValues?.includes(value) ?? true);
    case "integer":
      return Number.isInteger(value) && (type.allowedValues?.includes(value as number) ?? true);
    case "date-time":
      return typeof value === "string" && !Number.isNaN(Date.parse(value));
    case "array":
      return Array.isArray(value);
    case "map":
      return isRecord(value);
    case "json":
      return typeof value === "object" && value !== null;
    case "union":
      return type.types.some((one) => checkValue(value, one, place).next().done);
    case "null":
      return value === null;
    default:
      return typeof value === type.type;
  }
}

function describe(type: PropertyType): string {
  if ("allowedValues" in type && type.allowedValues) return `one of ${type.allowedValues.join(", ")}`;
  if (type.type === "union") return type.types.map(describe).join(" or ");
  if (type.type === "array") return "a list";
  return ["map", "ref", "json"].includes(type.type) ? "an object" : `of type ${type.type}`;
}

const inside = (place: Place, name: string): Place => ({ ...place, path: [...place.path, name] });
const nameOf = ({ root, path }: Place) => [root, ...path].join(".");
const isReadOnly = ({ path, readOnly }: Place) => readOnly.includes(path.join("."));
