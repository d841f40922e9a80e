import { isRecord, type Template } from "./template.ts";

/** The template as it is once CloudFormation has decided its conditions, as far as they depend on nothing else. */
export function resolveConditions(template: Template): Template {
  const { Conditions = {}, Resources, Outputs = {} } = template;

  function decide(condition: unknown): boolean | undefined {
    if (!isRecord(condition)) return undefined;
    const [[name, argument] = ["", undefined]] = Object.entries(condition);
    const parts = Array.isArray(argument) ? argument : [];
    if (name === "Condition") return decide(Conditions[String(argument)]);
    if (name === "Fn::Equals") return parts.every(isText) ? parts[0] === parts[1] : undefined;
    const decided = parts.map(decide);
    if (decided.includes(undefined)) return undefined;
    if (name === "Fn::Not") return !decided[0];
    if (name === "Fn::And") return !decided.includes(false);
    return name === "Fn::Or" ? decided.includes(true) : undefined;
  }

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve).filter((item) => item !== undefined);
    if (!isRecord(value)) return value;
    if (value.Ref === "AWS::NoValue") return undefined;
    const [condition, yes, no] = Array.isArray(value["Fn::If"]) ? value["Fn::If"] : [];
    const chosen = condition && decide(Conditions[condition]);
    if (chosen !== undefined) return resolve(chosen ? yes : no);
    const entries = Object.entries(value).map(([key, inner]) => [key, resolve(inner)] as const);
    return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
  }

  function chosen<T extends { readonly Condition?: string }>(section: Readonly<Record<string, T>>) {
    const entries = Object.entries(section).filter(
      ([, { Condition }]) => !Condition || decide(Conditions[Condition]) !== false,
    );
    return resolve(Object.fromEntries(entries)) as Record<string, T>;
  }
  return { ...template, Resources: chosen(Resources), Outputs: chosen(Outputs) };
}

const isText = (value: unknown) => typeof value === "string";
