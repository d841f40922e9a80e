import type { Problem } from "./problem.ts";

const ERRORS: Readonly<Record<number, string>> = {
  401: "invalid_client",
  403: "unauthorized_client",
  500: "server_error",
  503: "temporarily_unavailable",
  507: "temporarily_unavailable",
};

/** The codes of problems that are OAuth's own. */
const OWN = ["invalid_grant", "invalid_scope", "unsupported_grant_type"];

/** The wire form of a problem for a client that speaks OAuth (RFC 6749 section 5.2). */
export function oauthResult({ status, code, message, headers }: Problem) {
  return {
    statusCode: status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      pragma: "no-cache",
      ...headers,
    },
    body: JSON.stringify({
      error: OWN.includes(code) ? code : (ERRORS[status] ?? "invalid_request"),
      error_description: message.replace(/[^ !#-[\]-~]/g, "?"), // no other characters may stand there
    }),
  };
}
