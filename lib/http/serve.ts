import { isUtf8 } from "node:buffer";
import middy, { type MiddlewareObj } from "@middy/core";
import httpCors from "@middy/http-cors";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { type Config, ConfigError } from "../config.ts";
import type { Connection } from "../redis/connection.ts";
import { RedisUnavailable } from "../redis/errors.ts";
import { authorize, type Caller, createAuthenticate } from "./auth.ts";
import type { Access, Contract, Handlers } from "./contract.ts";
import { oauthResult } from "./oauth-error.ts";
import { problemResult, toProblem } from "./problem.ts";
import { checkHeaderSize, isForm, readRequest } from "./request.ts";
import requestHeaders from "./request-headers.json" with { type: "json" };
import { createRouter } from "./router.ts";
import { type Alert, logAlert, logger, publishRequest } from "./telemetry.ts";
import { warmUp } from "./warm-up.ts";

const MAX_BODY_BYTES = 262_144;
/** As JSON a text may grow sixfold, and Lambda sends at most 6 MiB; base64 grows by a third whatever is in it. */
const MAX_TEXT_BYTES = 65_536;

const NOBODY: Caller = { tenant: "", scopes: new Set(), expiresAt: 0 };

export interface ServeOptions<C extends Contract> {
  readonly config: Config;
  /** The function's connection, for warm-ups and measurements. */
  readonly connection?: Connection;
  /** The longest body of an operation in bytes, where 256 KiB is not right. */
  readonly maxBodyBytes?: { readonly [K in keyof C]?: number };
}

/** What is known of a request by the time it is answered or fails. */
interface Observed {
  readonly functionName: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly alerts: Alert[];
  operation: string;
  form: boolean;
}

interface AnyReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * Makes the Lambda handler of a contract for API Gateway's payload format 2.0: routing, authentication, scope,
 * validation, the operation, problem documents, CORS, metrics. Whatever fails is an answer.
 */
export function serve<C extends Contract>(contract: C, handlers: Handlers<C>, options: ServeOptions<C>) {
  const { config, connection, maxBodyBytes = {} as NonNullable<ServeOptions<C>["maxBodyBytes"]> } = options;
  const router = createRouter(contract, config.http.rawPathDecoded);
  const isPublic = Object.values(contract).every(({ access }) => access === "public");
  const authenticate = isPublic ? undefined : createAuthenticate(config.auth);

  async function answer(event: APIGatewayProxyEventV2, observed: Observed) {
    const { method } = event.requestContext.http;
    if (method === "OPTIONS") return { statusCode: 204, headers: { allow: router.allow(event.rawPath) } };
    const found = router.find(method, event.rawPath);
    observed.operation = found.name;
    observed.form = isForm(event, found.operation);
    checkHeaderSize(event.headers);
    const { access } = found.operation;
    const caller = access === "public" || !authenticate ? NOBODY : await authenticate(event);
    authorize(caller, found.operation);
    const head = method === "HEAD";
    const request = {
      ...readRequest(event, found, maxBodyBytes[found.name] ?? MAX_BODY_BYTES),
      tenant: caller.tenant,
      requireScope: (access: Access) => authorize(caller, { ...found.operation, access }),
      alert(alert: Alert, fields: Record<string, unknown>) {
        const { operation, requestId, traceparent } = observed;
        observed.alerts.push(alert);
        logAlert(alert, { operation, requestId, traceparent, ...fields });
      },
      head,
    };
    const handler = handlers[found.name] as (request: unknown) => Promise<AnyReply>;
    return toResult(await handler(request), head);
  }

  async function handle(event: APIGatewayProxyEventV2, context: Context) {
    if (!event.requestContext?.http) throw new Error("This is no event of API Gateway's payload format 2.0");
    const { awsRequestId: requestId, functionName } = context;
    const { traceparent } = event.headers;
    const observed: Observed = {
      functionName,
      requestId,
      traceparent,
      alerts: [],
      operation: "none",
      form: false,
    };
    let result: APIGatewayProxyStructuredResultV2;
    try {
      result = await answer(event, observed);
    } catch (error) {
      const isForPerson = error instanceof RedisUnavailable || error instanceof ConfigError;
      if (config.invokedLocally && isForPerson) throw error;
      const problem = toProblem(error);
      const { operation } = observed;
      if (problem.status >= 500)
        logger().error("request failed", { operation, requestId, traceparent, error: error as Error });
      result = observed.form ? oauthResult(problem) : problemResult(problem, requestId);
      if (event.requestContext.http.method === "HEAD") delete result.body;
    }
    const roundTripsMs = connection?.takeRoundTrips() ?? [];
    if (config.metrics) {
      publishRequest({ ...observed, status: result.statusCode ?? 500, roundTripsMs });
    }
    if (config.invokedLocally) await connection?.close();
    return result;
  }

  // Each wait of ours is bounded, so middy's own timer would only cost time.
  const chain = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>({
    timeoutEarlyInMillis: 0,
  })
    .use(boundByInvocation(connection))
    .use(warmUp(connection));
  if (config.http.corsOrigins.length > 0) chain.use(cors(config.http.corsOrigins));
  return chain.handler(handle);
}

/** Whatever Redis does, there must be time left to say so. */
function boundByInvocation(connection: Connection | undefined): MiddlewareObj {
  return {
    before: ({ context }) => {
      const remainingMs = context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
      connection?.endsIn(remainingMs);
    },
  };
}

function toResult(
  { status, headers = {}, body }: AnyReply,
  head: boolean,
): APIGatewayProxyStructuredResultV2 {
  const result: APIGatewayProxyStructuredResultV2 = { statusCode: status, headers: { ...headers } };
  if (body === undefined) return result;
  const isJson = !Buffer.isBuffer(body);
  if (isJson) result.headers = { "content-type": "application/json", ...headers };
  if (head) return result;
  const bytes = isJson ? Buffer.from(JSON.stringify(body)) : body;
  result.isBase64Encoded = bytes.length > MAX_TEXT_BYTES || !isUtf8(bytes);
  result.body = bytes.toString(result.isBase64Encoded ? "base64" : "utf8");
  return result;
}

function cors(origins: readonly string[]) {
  return httpCors({
    origins: [...origins],
    methods: "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS",
    headers: requestHeaders.join(", "),
    exposeHeaders: "Age, Cache-Control, Cache-Lease, Cache-Status, ETag, Link, Location, Retry-After",
    maxAge: 600,
  });
}
