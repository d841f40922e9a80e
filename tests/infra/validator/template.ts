/** A CloudFormation template, as `sls package` writes it and before anything is known to be right about it. */
export interface Template {
  readonly AWSTemplateFormatVersion?: string;
  readonly Parameters?: Readonly<Record<string, Parameter>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Mappings?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, Output>>;
}

export interface Parameter {
  readonly Type: string;
  readonly Default?: unknown;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly UpdatePolicy?: Readonly<Record<string, unknown>>;
}

export interface Output {
  readonly Value: unknown;
  readonly Condition?: string;
  readonly Export?: { readonly Name: unknown };
}

/** What is wrong, each as `<path>: <problem>`. */
export type Problems = Generator<string, void>;

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All resources of a type, or of several, by their logical id. */
export function resourcesOf({ Resources }: Template, ...types: string[]) {
  return Object.entries(Resources).flatMap(([id, { Type, Properties = {}, ...rest }]) =>
    types.includes(Type) ? [{ id, type: Type, properties: Properties, ...rest }] : [],
  );
}
