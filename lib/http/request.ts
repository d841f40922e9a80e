import type { APIGatewayProxyEventV2 } from "aws-lambda";
import * as z from "zod/mini";
import { parseJson } from "../parse-json.ts";
import type { Operation, Schema } from "./contract.ts";
import { invalidRequest, Problem, type Violation } from "./problem.ts";
import type { Route } from "./router.ts";

/** API Gateway refuses more before it gets here; another front door may not. */
const MAX_HEADER_BYTES = 10_240;
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const FORM = "application/x-www-form-urlencoded";
const NO_QUERY = z.strictObject({});

/** Throws 431 `headers_too_large` when all header fields together exceed 10,240 bytes. */
export function checkHeaderSize(headers: APIGatewayProxyEventV2["headers"]): void {
  let bytes = 0;
  for (const name in headers) bytes += name.length + Buffer.byteLength(headers[name] ?? "") + 4;
  if (bytes > MAX_HEADER_BYTES) {
    throw new Problem(431, "headers_too_large", `All headers together may have ${MAX_HEADER_BYTES} bytes.`);
  }
}

/** Whether the body comes as a form to an operation that takes one. */
export function isForm(event: APIGatewayProxyEventV2, { form }: Operation): boolean {
  return form !== undefined && mediaType(event) === FORM;
}

/** The media types in which an operation takes its body, with their schemas; none where it takes any. */
export function bodySchemas({ method, body, form }: Operation): Map<string, Schema> {
  const schemas = new Map<string, Schema>();
  if (form) schemas.set(FORM, form);
  if (!body || body === "bytes") return schemas;
  if (method === "PATCH") schemas.set("application/merge-patch+json", body);
  return schemas.set("application/json", body);
}

/**
 * Reads and validates everything that the operation declares; the body comes as text or base64 and both mean the
 * same. Throws 413 over `maxBodyBytes`, 415 for another media type, 400 `invalid_request` with every violation.
 */
export function readRequest(
  event: APIGatewayProxyEventV2,
  { operation, params }: Route,
  maxBodyBytes: number,
) {
  const violations: Violation[] = [];
  const check = (part: string, schema: Schema | undefined, value: unknown): unknown => {
    if (!schema) return undefined;
    const parsed = z.safeParse(schema, value);
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) {
      violations.push({ path: [part, ...path].join("."), message });
    }
    return undefined;
  };
  const query = event.queryStringParameters ?? {};
  const schemas = bodySchemas(operation);
  const isLeftOut = operation.bodyOptional && !event.body;
  const body = isLeftOut ? {} : readBody(event, operation, [...schemas.keys()], maxBodyBytes);
  const request = {
    params: check("path", operation.params, params),
    query: check("query", operation.query ?? NO_QUERY, query),
    headers: check("headers", operation.headers, event.headers),
    body:
      operation.body === "bytes"
        ? body
        : check("body", isLeftOut ? operation.body : schemas.get(mediaType(event)), body),
    contentType: event.headers["content-type"],
  };
  if (violations.length > 0) throw invalidRequest(violations);
  return request;
}

function readBody(
  event: APIGatewayProxyEventV2,
  operation: Operation,
  accepted: readonly string[],
  maxBodyBytes: number,
): unknown {
  if (!operation.body && !operation.form) return undefined;
  const text = event.body ?? "";
  const encoding = event.isBase64Encoded ? "base64" : "utf8";
  if (Buffer.byteLength(text, encoding) > maxBodyBytes) {
    throw new Problem(413, "body_too_large", `The body may have ${maxBodyBytes} bytes.`);
  }
  const bytes = Buffer.from(text, encoding);
  if (operation.body === "bytes") return bytes;
  const type = mediaType(event);
  if (!accepted.includes(type)) {
    const field = operation.method === "PATCH" ? "accept-patch" : "accept"; // RFC 5789
    throw new Problem(415, "media_type_unsupported", `Send the header \`Content-Type: ${accepted[0]}\`.`, {
      headers: { [field]: accepted.join(", ") },
    });
  }
  return type === FORM ? parseForm(bytes) : readJson(bytes);
}

function mediaType({ headers }: APIGatewayProxyEventV2): string {
  return headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
}

function readJson(bytes: Buffer): unknown {
  try {
    return parseJson(UTF8.decode(bytes));
  } catch {
    throw invalidRequest([{ path: "body", message: "is not valid JSON in UTF-8" }]);
  }
}

/** RFC 6749 section 3.2: a parameter without a value counts as omitted, and none may come twice. */
function parseForm(bytes: Buffer): Record<string, string> {
  const fields = new Map<string, string>();
  const text = `&${formText(bytes)}`; // a `?` at the very beginning would be dropped
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) throw invalidRequest([{ path: `body.${name}`, message: "must not be repeated" }]);
    fields.set(name, value);
  }
  return Object.fromEntries([...fields].filter(([, value]) => value));
}

/** What `URLSearchParams` would read as it can is refused: bytes, and percent-encoded ones, that are no UTF-8. */
function formText(bytes: Buffer): string {
  try {
    const text = UTF8.decode(bytes);
    decodeURIComponent(text);
    return text;
  } catch {
    throw invalidRequest([{ path: "body", message: "is not a form in UTF-8" }]);
  }
}
