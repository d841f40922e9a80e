import { findResourceType, type PropertyType } from "./specification.ts";
import { isRecord, type Template } from "./template.ts";

/** A call of one of CloudFormation's functions. */
export interface Call {
  readonly name: string;
  readonly argument: unknown;
  readonly path: string;
}

/** What a call can stand for, as far as it can be told before the deployment. */
export type Kind = "text" | "list" | "object" | "anything";

export const PSEUDO_PARAMETERS = [
  "AWS::AccountId",
  "AWS::NotificationARNs",
  "AWS::NoValue",
  "AWS::Partition",
  "AWS::Region",
  "AWS::StackId",
  "AWS::StackName",
  "AWS::URLSuffix",
];

const isText = (value: unknown) => typeof value === "string";
const isTextOrCall = (value: unknown) => isText(value) || isCall(value);
const isTexts = (value: unknown) => isCall(value) || (Array.isArray(value) && value.every(isTextOrCall));
const isList = (value: unknown) => Array.isArray(value) || isCall(value);
const tuple =
  (...checks: ((value: unknown) => boolean)[]) =>
  (value: unknown) =>
    Array.isArray(value) &&
    value.length === checks.length &&
    checks.every((check, index) => check(value[index]));
const isAnything = () => true;

/** Each function with what it takes and what it gives. */
const FUNCTIONS: Readonly<Record<string, { takes(argument: unknown): boolean; gives: Kind }>> = {
  Ref: { takes: isText, gives: "text" },
  "Fn::And": { takes: Array.isArray, gives: "anything" },
  "Fn::Base64": { takes: isTextOrCall, gives: "text" },
  "Fn::Cidr": { takes: (value) => Array.isArray(value) && [2, 3].includes(value.length), gives: "list" },
  "Fn::Equals": { takes: tuple(isTextOrCall, isTextOrCall), gives: "anything" },
  "Fn::FindInMap": { takes: tuple(isText, isTextOrCall, isTextOrCall), gives: "anything" },
  "Fn::GetAtt": {
    takes: (value) => tuple(isText, isText)(value) || /^\w+\.\w/.test(String(value)),
    gives: "text",
  },
  "Fn::GetAZs": { takes: isTextOrCall, gives: "list" },
  "Fn::If": { takes: tuple(isText, isAnything, isAnything), gives: "anything" },
  "Fn::ImportValue": { takes: isTextOrCall, gives: "text" },
  "Fn::Join": { takes: tuple(isText, isTexts), gives: "text" },
  "Fn::Not": { takes: tuple(isAnything), gives: "anything" },
  "Fn::Or": { takes: Array.isArray, gives: "anything" },
  "Fn::Select": {
    takes: tuple((index) => /^\d+$/.test(String(index)) || isCall(index), isList),
    gives: "anything",
  },
  "Fn::Split": { takes: tuple(isText, isTextOrCall), gives: "list" },
  "Fn::Sub": { takes: (value) => isText(value) || tuple(isText, isRecord)(value), gives: "text" },
};

export function isCall(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && Object.keys(value).some((key) => key === "Ref" || key.startsWith("Fn::"));
}

/** Every call in a value, those in the arguments of others too. */
export function callsIn(value: unknown, path: string): Call[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = `${path}.${key}`;
    const own = isCall(value) ? [{ name: key, argument: inner, path: at }] : [];
    return [...own, ...callsIn(inner, at)];
  });
}

/** Every text in a value that no Fn::Sub takes, with its path. */
export function textsIn(value: unknown, path: string): [path: string, text: string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "Fn::Sub" ? [] : textsIn(inner, `${path}.${key}`),
  );
}

/** What is wrong with how a function is called, if anything is. */
export function misuse({ name, argument }: Call): string | undefined {
  const known = FUNCTIONS[name];
  if (!known) return `${name} is no function, or stands beside one`;
  return known.takes(argument) ? undefined : `${name} does not take ${JSON.stringify(argument)}`;
}

/** The parts of an Fn::GetAtt, in whichever of its two notations. */
export function attributeAt(argument: unknown): [id: string, attribute: string] {
  if (Array.isArray(argument)) return [String(argument[0]), String(argument[1])];
  const [id = "", ...attribute] = String(argument).split(".");
  return [id, attribute.join(".")];
}

/** The `${...}` of an Fn::Sub that the call does not define itself. */
export function substitutionsIn(argument: unknown): string[] {
  const [text, own] = Array.isArray(argument) ? argument : [argument, {}];
  const names = [...String(text).matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, name = ""]) => name.trim());
  return names.filter((name) => !isRecord(own) || !(name in own));
}

/** What a call gives where it stands. */
export function kindOf(call: Readonly<Record<string, unknown>>, template: Template): Kind {
  const [[name, argument] = ["", undefined]] = Object.entries(call);
  if (name === "Ref") {
    const type = template.Parameters?.[String(argument)]?.Type ?? "";
    return /List\b|^List</.test(type) || argument === "AWS::NotificationARNs" ? "list" : "text";
  }
  if (name === "Fn::GetAtt") {
    const [id, attribute] = attributeAt(argument);
    const type = findResourceType(template.Resources[id]?.Type ?? "")?.attributes[attribute]?.type;
    return type ? kindOfType(type) : "anything";
  }
  return FUNCTIONS[name]?.gives ?? "anything";
}

function kindOfType({ type }: PropertyType): Kind {
  if (type === "array") return "list";
  if (type === "ref" || type === "map") return "object";
  return type === "json" || type === "union" ? "anything" : "text";
}
