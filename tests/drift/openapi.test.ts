import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { contracts } from "../../dev/contracts.ts";
import type { Operation } from "../../lib/http/contract.ts";
import { describe as describeApi } from "../../lib/http/openapi.ts";
import { read } from "./files.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
}

interface Described {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly security: readonly Record<string, readonly string[]>[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly $ref?: string }>>;
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly schema: { readonly required?: readonly string[] } }>
    >;
  };
}

const openapi = JSON.parse(read("openapi.json"));
const { version } = JSON.parse(read("package.json"));
const operations = Object.entries<Record<string, Described>>(openapi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method,
    operation,
    name: `${method} ${path}`,
  })),
);

/** What each operation takes, where that has fields, and what the document says of it. */
const requests = Object.values(contracts)
  .flatMap((contract) => Object.entries<Operation>(contract))
  .map(([name, { query, headers, body, form }]) => ({
    name,
    operation: operations.find(({ operation }) => operation.operationId === name)?.operation as Described,
    schemas: Object.fromEntries(
      Object.entries({ query, headers, body, form }).filter(
        (entry): entry is [string, z.ZodMiniObject] => entry[1] instanceof z.ZodMiniObject,
      ),
    ),
  }));

function namesOf({ parameters }: Described, place: string): string[] {
  return parameters
    .filter((parameter) => parameter.in === place && parameter.required)
    .map(({ name }) => name);
}

/** Every value in the document, with its JSON pointer. */
function* values(value: unknown, pointer = ""): Generator<{ pointer: string; value: unknown }> {
  yield { pointer, value };
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    yield* values(member, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  }
}

function resolve(pointer: string): unknown {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return steps.reduce<unknown>(
    (value, step) => (value as Record<string, unknown> | undefined)?.[step],
    openapi,
  );
}

test("openapi.json is what the contracts say; `npm run openapi` writes it", () => {
  expect(openapi).toEqual(JSON.parse(JSON.stringify(describeApi(Object.values(contracts), version))));
});

describe("openapi.json is OpenAPI 3.1", () => {
  test("with version, title, and the operations of all contracts", () => {
    expect(openapi.openapi).toMatch(/^3\.1\.\d$/);
    expect(openapi.info).toMatchObject({ title: "redigate", version });
    const declared = Object.values(contracts).flatMap((contract) => Object.values(contract));
    const names = declared.map(({ method, path }) => `${method.toLowerCase()} ${path.replace("+}", "}")}`);
    expect(operations.map(({ name }) => name).sort()).toEqual(names.sort());
  });

  test("in which every reference leads somewhere", () => {
    const references = [...values(openapi)].filter(({ pointer }) => pointer.endsWith("/$ref"));
    expect(references.length).toBeGreaterThan(0);
    for (const { pointer, value } of references) {
      expect(resolve(String(value).replace(/^#/, "")), `${pointer} names ${value}`).toBeTypeOf("object");
    }
  });

  test("in which no two operations have the same name", () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.toSorted()).toEqual([...new Set(ids)].sort());
    for (const id of ids) expect(id).toMatch(/^[a-z]\w+$/);
  });

  test.each(operations)("$name: its parameters are those of its path, each once", ({ path, operation }) => {
    const inPath = operation.parameters.filter((parameter) => parameter.in === "path");
    expect(inPath.map(({ name }) => name).sort()).toEqual(
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(),
    );
    expect(inPath.every(({ required }) => required)).toBe(true);
    const all = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(all).toEqual([...new Set(all)]);
    for (const parameter of operation.parameters) expect(["path", "query", "header"]).toContain(parameter.in);
  });

  test.each(operations)("$name: every answer is described, and so is who may ask", ({ operation }) => {
    expect(Object.keys(operation.responses).some((status) => /^2\d\d$/.test(status))).toBe(true);
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[2-5]\d\d$/);
      const { description } = (response.$ref ? resolve(response.$ref.slice(1)) : response) as typeof response;
      expect(description).toMatch(/./);
    }
    const schemes = operation.security.flatMap((requirement) => Object.keys(requirement));
    for (const scheme of schemes) expect(openapi.components.securitySchemes).toHaveProperty(scheme);
    expect("401" in operation.responses).toBe(schemes.length > 0);
  });

  test.each(requests)("$name: what must be sent is required, and nothing else", ({ schemas, operation }) => {
    const { content } = operation.requestBody ?? {};
    const described: Record<string, readonly string[]> = {
      query: namesOf(operation, "query"),
      headers: namesOf(operation, "header"),
      body: content?.["application/json"]?.schema.required ?? [],
      form: content?.["application/x-www-form-urlencoded"]?.schema.required ?? [],
    };
    for (const [place, schema] of Object.entries(schemas)) {
      const fields = Object.entries(schema.def.shape);
      const needed = fields.filter(([, field]) => !z.safeParse(field, undefined).success);
      expect(described[place], place).toEqual(needed.map(([name]) => name));
    }
  });

  test("whose schemas are JSON Schema 2020-12", () => {
    const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false });
    ajv.addVocabulary(["openapi", "info", "servers", "paths", "components"]);
    ajv.addSchema(openapi, "openapi.json");
    const schemas = [...values(openapi)].filter(
      ({ pointer, value }) =>
        /\/schema$|^\/components\/schemas\/\w+$/.test(pointer) && typeof value === "object",
    );
    expect(schemas.length).toBeGreaterThan(20);
    for (const { pointer } of schemas) {
      expect(ajv.compile({ $ref: `openapi.json#${encodeURI(pointer)}` }), pointer).toBeTypeOf("function");
    }
  });
});
