import * as z from "zod/mini";
import { describedAs } from "../parsed-text.ts";
import type { Contract, Operation, Response, Schema } from "./contract.ts";
import { bodySchemas } from "./request.ts";

type Json = Record<string, unknown>;

/** The document that every problem is (RFC 9457). */
export const ProblemDocument = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  instance: z.string(),
  errors: z.optional(z.array(z.strictObject({ path: z.string(), message: z.string() }))),
});

/** A problem with further members. */
export function problemWith(members: NonNullable<Response["members"]>) {
  return z.extend(ProblemDocument, members);
}

/** The document that every error is to a form (RFC 6749). */
export const OAuthError = z.strictObject({ error: z.string(), error_description: z.string() });

const COMMON_PROBLEMS: Readonly<Record<number, readonly string[]>> = {
  400: ["invalid_request"],
  401: ["token_missing", "token_invalid", "token_expired"],
  403: ["scope_missing"],
  405: ["method_not_allowed"],
  413: ["body_too_large"],
  415: ["media_type_unsupported"],
  431: ["headers_too_large"],
  500: ["internal_error"],
  503: ["redis_unavailable"],
  507: ["out_of_memory"],
};

/** The codes that an operation may answer with beside its own, by status. */
export function commonProblems(operation: Operation): Record<number, readonly string[]> {
  const { access } = operation;
  const isPublic = access === "public";
  const body = operation.body ?? operation.form;
  const never = [
    ...(isPublic ? [401] : []),
    ...(isPublic || access === "authenticated" ? [403] : []),
    ...(body ? [] : [413]),
    ...(body && body !== "bytes" ? [] : [415]),
  ];
  const possible = Object.entries(COMMON_PROBLEMS).filter(([status]) => !never.includes(Number(status)));
  return Object.fromEntries(possible);
}

/** Describes the contracts as an OpenAPI 3.1 document. */
export function describe(contracts: readonly Contract[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, operation] of contracts.flatMap((contract) => Object.entries(contract))) {
    const path = operation.path.replace("+}", "}");
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(name, operation) };
  }
  return {
    openapi: "3.1.1",
    info: { title: "redigate", version, description: "ElastiCache behind API Gateway." },
    servers: [{ url: "/" }],
    paths,
    components: {
      responses: sharedResponses(),
      schemas: {
        Problem: jsonSchema(ProblemDocument, "output"),
        OAuthError: jsonSchema(OAuthError, "output"),
      },
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

const OPERATORS =
  "For the operator: it spans all tenants, whichever the token names, so the scope must be given by name; `*` does not include it.";

function describeOperation(operationId: string, operation: Operation): Json {
  const { summary, access, spansTenants, params, query, headers, body, bodyOptional, form } = operation;
  const scopes = access === "authenticated" ? [] : [access];
  const description = [operation.description, spansTenants && OPERATORS].filter(Boolean).join(" ");
  return {
    operationId,
    summary,
    ...(description && { description }),
    tags: [operation.path.split("/")[2]],
    security: access === "public" ? [] : [{ token: scopes }],
    parameters: [
      ...parameters("path", params),
      ...parameters("query", query),
      ...parameters("header", headers),
    ],
    ...((body ?? form) && { requestBody: { required: !bodyOptional, content: requestContent(operation) } }),
    responses: responses(operation),
  };
}

function parameters(place: "path" | "query" | "header", schema: Schema | undefined): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Json;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}

/** What an operation says of a status beyond the problems that all have is written out; the rest is shared. */
function responses(operation: Operation): Json {
  const described: Record<string, Json> = {};
  const isForm = operation.form !== undefined;
  for (const [status, response] of Object.entries(operation.responses))
    described[status] = describeResponse(response, isForm);
  for (const [status, codes] of Object.entries(commonProblems(operation))) {
    const own = operation.responses[Number(status)];
    const problems = [...(own?.problems ?? []), ...codes];
    described[status] =
      own || isForm
        ? describeResponse({ description: codes.join(", "), ...own, problems }, isForm)
        : { $ref: `#/components/responses/${status}` };
  }
  return described;
}

function sharedResponses(): Json {
  const described = Object.entries(COMMON_PROBLEMS).map(([status, problems]) => [
    status,
    describeResponse({ description: problems.join(", "), problems }, false),
  ]);
  return Object.fromEntries(described);
}

function describeResponse(
  { description, body, problems, members, headers = {} }: Response,
  isForm: boolean,
): Json {
  const described = Object.entries(headers).map(([name, text]) => [
    name,
    { description: text, schema: { type: "string" } },
  ]);
  return {
    description,
    ...(described.length > 0 && { headers: Object.fromEntries(described) }),
    ...(body && { content: responseContent(body) }),
    ...(problems && {
      content: {
        "application/problem+json": { schema: problemSchema(problems, members) },
        ...(isForm && { "application/json": { schema: { $ref: "#/components/schemas/OAuthError" } } }),
      },
    }),
  };
}

function problemSchema(codes: readonly string[], members: Response["members"]): Json {
  // The plain document allows nothing else.
  if (members) return jsonSchema(problemWith({ ...members, code: z.enum(codes) }), "output");
  return { allOf: [{ $ref: "#/components/schemas/Problem" }, { properties: { code: { enum: codes } } }] };
}

const ANY_BYTES: Json = { "*/*": { schema: {} } };

function responseContent(body: Schema | "bytes"): Json {
  return body === "bytes" ? ANY_BYTES : { "application/json": { schema: jsonSchema(body, "output") } };
}

function requestContent(operation: Operation): Json {
  if (operation.body === "bytes") return ANY_BYTES;
  const types = [...bodySchemas(operation)].map(([type, schema]) => [
    type,
    { schema: jsonSchema(schema, "input") },
  ]);
  return Object.fromEntries(types);
}

function jsonSchema(schema: Schema, io: "input" | "output"): Json {
  const { $schema, ...described } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override({ zodSchema, jsonSchema: json }) {
      Object.assign(json, describedAs(zodSchema));
    },
  });
  return described;
}
