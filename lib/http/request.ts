import type { APIGatewayProxyEventV2 } from "aws-lambda";
import * as z from "zod/mini";
import type { Operation, Schema } from "./contract.ts";
import { invalidRequest, Problem, type Violation } from "./problem.ts";
import type { Route } from "./router.ts";

/** API Gateway refuses more before it gets here; another front door may not. */
const MAX_HEADER_BYTES = 10_240;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Throws 431 `headers_too_large` when all header fields together exceed 10,240 bytes. */
export function checkHeaderSize(headers: APIGatewayProxyEventV2["headers"]): void {
  let bytes = 0;
  for (const name in headers) bytes += name.length + Buffer.byteLength(headers[name] ?? "") + 4;
  if (bytes > MAX_HEADER_BYTES) {
    throw new Problem(431, "headers_too_large", `All headers together may have ${MAX_HEADER_BYTES} bytes.`);
  }
}

/**
 * Reads and validates everything that the operation declares; the body comes as text or base64 and both mean the
 * same. Throws 413 over `maxBodyBytes`, 415 for JSON sent as something else, 400 `invalid_request` with every violation.
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
  const body = readBody(event, operation, maxBodyBytes);
  const request = {
    params: check("path", operation.params, params),
    query: check("query", operation.query ?? z.strictObject({}), query),
    headers: check("headers", operation.headers, event.headers),
    body: operation.body === "bytes" ? body : check("body", operation.body, body),
    contentType: event.headers["content-type"],
  };
  if (violations.length > 0) throw invalidRequest(violations);
  return request;
}

function readBody(event: APIGatewayProxyEventV2, { body: schema }: Operation, maxBodyBytes: number): unknown {
  if (!schema) return undefined;
  const text = event.body ?? "";
  const encoding = event.isBase64Encoded ? "base64" : "utf8";
  if (Buffer.byteLength(text, encoding) > maxBodyBytes) {
    throw new Problem(413, "body_too_large", `The body may have ${maxBodyBytes} bytes.`);
  }
  if (schema === "bytes") return Buffer.from(text, encoding);
  const mediaType = event.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new Problem(415, "media_type_unsupported", "Send the header `Content-Type: application/json`.", {
      headers: { accept: "application/json" },
    });
  }
  try {
    return JSON.parse(UTF8.decode(Buffer.from(text, encoding)));
  } catch {
    throw invalidRequest([{ path: "body", message: "is not valid JSON in UTF-8" }]);
  }
}
