import { OutOfMemory, RedisUnavailable } from "../redis/errors.ts";

/** The phrases of RFC 9110 and 6585; node:http has them too, but loading it takes half as long as all the rest. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

/** One thing that is wrong with a request: where, and why. */
export interface Violation {
  /** Such as `query.lease` or `body.entries.3.key`. */
  readonly path: string;
  readonly message: string;
}

export interface ProblemOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly Violation[];
  /** Further members of the document (RFC 9457 section 3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** An answer that is not a success, sent as a problem document (RFC 9457) with a stable `code`. */
export class Problem extends Error {
  override name = "Problem";
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly Violation[] | undefined;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    { headers = {}, errors, members = {} }: ProblemOptions = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.errors = errors;
    this.members = members;
  }
}

/** A 400 that says where the request is wrong and why. */
export function invalidRequest(errors: readonly Violation[]): Problem {
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return new Problem(400, "invalid_request", detail, { errors });
}

/** The problem for any error; what we did not expect becomes a 500 that tells nothing of the inside. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof RedisUnavailable) {
    return new Problem(503, "redis_unavailable", "Redis did not answer in time. Try again.", {
      headers: { "retry-after": String(Math.ceil(error.retryAfterMs / 1000)) },
    });
  }
  if (error instanceof OutOfMemory) {
    return new Problem(507, "out_of_memory", "Redis is full and takes no writes. Reads go on.");
  }
  return new Problem(500, "internal_error", "Something failed inside; the log has the details.");
}

/** The wire form of a problem; `requestId` finds it in the log. */
export function problemResult(problem: Problem, requestId: string) {
  return {
    statusCode: problem.status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...problem.headers,
    },
    body: JSON.stringify({
      type: "about:blank",
      title: TITLES[problem.status],
      status: problem.status,
      code: problem.code,
      detail: problem.message,
      instance: `urn:uuid:${requestId}`,
      errors: problem.errors,
      ...problem.members,
    }),
  };
}
