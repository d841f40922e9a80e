import { loadAwsServiceSpecSync } from "@aws-cdk/aws-service-spec";

/** What the specification says a value must be. */
export type PropertyType =
  | { readonly type: "string"; readonly allowedValues?: readonly string[] }
  | { readonly type: "integer"; readonly allowedValues?: readonly number[] }
  | { readonly type: "number" | "boolean" | "json" | "date-time" | "null" | "tag" }
  | { readonly type: "ref"; readonly reference: { readonly $ref: string } }
  | { readonly type: "array" | "map"; readonly element: PropertyType }
  | { readonly type: "union"; readonly types: readonly PropertyType[] };

export type Properties = Readonly<
  Record<
    string,
    {
      readonly type: PropertyType;
      readonly required?: boolean;
      /** Whether another value makes the resource anew. */
      readonly causesReplacement?: "yes" | "no" | "maybe";
    }
  >
>;

export interface ResourceType {
  readonly properties: Properties;
  /** What tells one of them from the others. */
  readonly primaryIdentifier?: readonly string[];
  /** What Fn::GetAtt gives, parts of objects too (`Endpoint.Address`). */
  readonly attributes: Readonly<Record<string, { readonly type: PropertyType }>>;
}

const database = loadAwsServiceSpecSync();

export function findResourceType(name: string): ResourceType | undefined {
  return database.lookup("resource", "cloudFormationType", "equals", name)[0];
}

/** The properties of an object inside another. */
export function propertiesOf(reference: { readonly $ref: string }): Properties {
  return database.get("typeDefinition", reference).properties;
}

/** The sets of dimensions that a metric comes with, each by its sorted names; none if there is no such metric. */
export function dimensionSetsOf(namespace: string, name: string): string[] {
  return database
    .lookup("metric", "name", "equals", name)
    .filter((metric) => metric.namespace === namespace)
    .flatMap((metric) => database.follow("usesDimensionSet", metric))
    .map(({ entity }) => namesOf(entity.dimensions));
}

const namesOf = (dimensions: readonly { readonly name: string }[]) =>
  dimensions
    .map(({ name }) => name)
    .sort()
    .join();
