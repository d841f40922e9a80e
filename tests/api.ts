import { randomUUID } from "node:crypto";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { expect } from "vitest";
import * as z from "zod/mini";
import type { Contract, Operation } from "../lib/http/contract.ts";
import { commonProblems, OAuthError, ProblemDocument, problemWith } from "../lib/http/openapi.ts";
import { mintToken } from "./token.ts";

export type LambdaHandler = (event: never, context: Context) => Promise<unknown>;

export interface CallOptions {
  readonly headers?: Record<string, string>;
  readonly query?: Record<string, string>;
  /** Text is sent plainly, bytes as base64, anything else as JSON. */
  readonly body?: string | Buffer | object;
  /** Undefined for a token of every scope, null for none. */
  readonly token?: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it expects
  readonly json: any;
}

/** Status and code of an error, of OAuth's or a problem's; the status alone of anything else. */
export function outcomeOf({ status, text }: Answer): string {
  if (status < 400) return String(status);
  const { error, code } = JSON.parse(text);
  return `${status} ${error ?? code}`;
}

/** A caller of a handler: sends true API Gateway events, and holds every answer against the contract. */
export function createApi(
  handler: LambdaHandler,
  contract: Contract,
  tenant = uniqueTenant(),
  remainingMs?: number,
) {
  return async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
    const token = options.token === undefined ? await mintToken({ tenant }) : options.token;
    const event = httpEvent(method, path, options, token);
    const result = (await handler(
      event as never,
      lambdaContext(remainingMs),
    )) as APIGatewayProxyStructuredResultV2;
    const answer = toAnswer(result);
    checkAgainstContract(method, path, answer, contract);
    return answer;
  };
}

export function uniqueTenant(): string {
  return `t-${randomUUID()}`;
}

/** The context of an invocation that may take so much longer; API Gateway itself waits no longer than 30 seconds. */
export function lambdaContext(remainingMs = 29_000): Context {
  return {
    awsRequestId: randomUUID(),
    functionName: "redigate-test",
    getRemainingTimeInMillis: () => remainingMs,
  } as Context;
}

/** An event as API Gateway's HTTP APIs send it in payload format 2.0: lower-case headers, no absent members. */
export function httpEvent(
  method: string,
  path: string,
  { headers = {}, query, body }: CallOptions,
  token: string | null,
): APIGatewayProxyEventV2 {
  const isJson = typeof body === "object" && !Buffer.isBuffer(body);
  const sent: Record<string, string> = {
    accept: "*/*",
    host: "abcdefghij.execute-api.eu-central-1.amazonaws.com",
    "user-agent": "vitest",
    "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678",
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
    ...(isJson && { "content-type": "application/json" }),
    ...(token !== null && { authorization: `Bearer ${token}` }),
  };
  for (const [name, value] of Object.entries(headers)) sent[name.toLowerCase()] = value;
  const payload = isJson ? JSON.stringify(body) : Buffer.isBuffer(body) ? body.toString("base64") : body;
  return {
    version: "2.0",
    routeKey: "ANY /v1/cache/{proxy+}",
    rawPath: path,
    rawQueryString: new URLSearchParams(query).toString(),
    headers: sent,
    ...(query && { queryStringParameters: query }),
    requestContext: {
      accountId: "123456789012",
      apiId: "abcdefghij",
      domainName: "abcdefghij.execute-api.eu-central-1.amazonaws.com",
      domainPrefix: "abcdefghij",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "203.0.113.7", userAgent: "vitest" },
      requestId: "JKJaXmPLvHcESHA=",
      routeKey: "ANY /v1/cache/{proxy+}",
      stage: "$default",
      time: "22/Nov/2026:12:00:00 +0000",
      timeEpoch: 1_795_348_800_000,
    },
    ...(payload !== undefined && { body: payload }),
    isBase64Encoded: Buffer.isBuffer(body),
  };
}

function toAnswer({
  statusCode = 0,
  headers = {},
  body = "",
  isBase64Encoded,
}: APIGatewayProxyStructuredResultV2): Answer {
  const bytes = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
  return {
    status: statusCode,
    headers: headers as Record<string, string>,
    body: bytes,
    text: bytes.toString(),
    get json() {
      return JSON.parse(bytes.toString());
    },
  };
}

const STANDARD_HEADERS = [
  "content-type",
  "content-length",
  "cache-control",
  "allow",
  "www-authenticate",
  "accept",
  "accept-patch",
  "pragma",
  "retry-after",
];

/** Every answer must be one that the contract documents: status, problem code, body, own headers. */
function checkAgainstContract(method: string, path: string, answer: Answer, contract: Contract): void {
  const operation = findOperation(method, path, contract);
  const isHead = method === "HEAD";
  const isProblem = answer.headers["content-type"] === "application/problem+json";
  const members = operation?.responses[answer.status]?.members;
  if (isProblem && !isHead) z.parse(members ? problemWith(members) : ProblemDocument, answer.json);
  if (!operation) {
    if (method !== "OPTIONS") expect([404, 405]).toContain(answer.status);
    return;
  }
  const documented = operation.responses[answer.status];
  if (operation.form && answer.status >= 400 && !isProblem) {
    z.parse(OAuthError, answer.json);
    expect(Object.keys(commonProblems(operation))).toContain(String(answer.status));
  } else if (isProblem) {
    const codes = [...(documented?.problems ?? []), ...(commonProblems(operation)[answer.status] ?? [])];
    if (!isHead) expect(codes, `${method} ${path} answered ${answer.text}`).toContain(answer.json.code);
  } else {
    expect(documented, `${method} ${path} answered an undocumented ${answer.status}`).toBeDefined();
    if (documented?.body && documented.body !== "bytes" && !isHead) z.parse(documented.body, answer.json);
  }
  const known = [...STANDARD_HEADERS, ...Object.keys(documented?.headers ?? {})];
  const undocumented = Object.keys(answer.headers).filter(
    (name) => !known.includes(name) && !name.startsWith("access-control-"),
  );
  expect(undocumented.filter((name) => name !== "vary")).toEqual([]);
}

function findOperation(method: string, path: string, contract: Contract): Operation | undefined {
  const wanted = method === "HEAD" ? "GET" : method;
  return Object.values(contract).find((operation) => {
    const pattern = operation.path
      .replaceAll(".", "\\.")
      .replace(/\{\w+\+\}/, "[^]*")
      .replace(/\{\w+\}/g, "[^/]*");
    return operation.method === wanted && new RegExp(`^${pattern}$`).test(path);
  });
}
