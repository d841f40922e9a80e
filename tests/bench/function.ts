import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { importJWK, SignJWT } from "jose";
import { projectDir } from "../../dev/paths.ts";

interface Result {
  readonly statusCode: number;
  readonly body?: string;
}

export interface Call {
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
  readonly token?: string;
}

const TEMPLATE = JSON.parse(readFileSync(join(projectDir, "tests/events/cache-get.json"), "utf8"));
const context = { awsRequestId: "8476a536-e9f4-11e8-9739-2dfe598c3fcd", functionName: "cache" };

export type Handler = (event: object, context: object) => Promise<Result>;

/** The handler in the bundle that this process was started for. */
export async function loadHandler(): Promise<Handler> {
  return (await import(pathToFileURL(process.argv[2] ?? "").href)).handler;
}

/** Calls the handler, and makes sure that what is measured is what should happen. */
export async function call(handler: Handler, event: object, status: number): Promise<Result> {
  const result = await handler(event, context);
  if (result.statusCode !== status)
    throw new Error(`${result.statusCode} ${result.body} instead of ${status}`);
  return result;
}

/** A true API Gateway event. */
export function eventFor(
  method: string,
  path: string,
  { query, headers = {}, body, token }: Call = {},
): object {
  const { http, ...requestContext } = TEMPLATE.requestContext;
  return {
    ...TEMPLATE,
    rawPath: path,
    rawQueryString: new URLSearchParams(query).toString(),
    ...(query && { queryStringParameters: query }),
    headers: { ...TEMPLATE.headers, ...headers, ...(token && { authorization: `Bearer ${token}` }) },
    requestContext: { ...requestContext, http: { ...http, method, path } },
    ...(body !== undefined && { body: body.toString(Buffer.isBuffer(body) ? "base64" : undefined) }),
    isBase64Encoded: Buffer.isBuffer(body),
  };
}

export async function mintToken(tenant: string, id = ""): Promise<string> {
  const key = await importJWK(JSON.parse(process.env.SIGNING_KEY ?? ""), "EdDSA");
  const claims = { tenant, scope: "*", jti: id, exp: Math.floor(Date.now() / 1000) + 3600 };
  return new SignJWT(claims).setProtectedHeader({ alg: "EdDSA" }).sign(key);
}
