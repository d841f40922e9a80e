import { describe, expect, test } from "vitest";
import type * as z from "zod/mini";
import { contracts } from "../../dev/contracts.ts";
import type { Operation } from "../../lib/http/contract.ts";
import { httpEvent, lambdaContext } from "../api.ts";
import { mintToken } from "../token.ts";
import { stage } from "./stage.ts";

const WHO = "/v1/cache/who";
const ORIGINS = "https://app.example, https://admin.example:8443";

/** What a browser is told, by lower-case name. */
async function told(environment: Record<string, string>, method: string, origin: string, bearer?: null) {
  const token = bearer === null ? null : await mintToken({ tenant: "acme" });
  const preflight = {
    "access-control-request-method": "PUT",
    "access-control-request-headers": "authorization",
  };
  const headers = { origin, ...(method === "OPTIONS" && preflight) };
  const answer = await stage(environment)(httpEvent(method, WHO, { headers }, token), lambdaContext());
  const names = Object.entries(answer.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(names) as Record<string, string | undefined>,
  };
}

describe("a page of an allowed origin", () => {
  test.each(["https://app.example", "https://admin.example:8443"])(
    "may ask before it sends: %s",
    async (origin) => {
      const { status, headers } = await told({ CORS_ORIGINS: ORIGINS }, "OPTIONS", origin, null);
      expect(status).toBe(204);
      expect(headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-max-age": "600",
      });
      for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE"]) {
        expect(headers["access-control-allow-methods"]).toMatch(new RegExp(`\\b${method}\\b`));
      }
      for (const name of [
        "Authorization",
        "Content-Type",
        "If-Match",
        "If-None-Match",
        "Cache-Control",
        "Cache-Lease",
      ]) {
        expect(headers["access-control-allow-headers"]).toContain(name);
      }
    },
  );

  test("may send every header that an operation reads", async () => {
    const { headers } = await told({ CORS_ORIGINS: ORIGINS }, "OPTIONS", "https://app.example", null);
    const allowed = headers["access-control-allow-headers"]?.toLowerCase().split(", ");
    const operations: Operation[] = Object.values(contracts).flatMap((contract) => Object.values(contract));
    const read = operations.flatMap((operation) =>
      Object.keys((operation.headers as z.ZodMiniObject | undefined)?.shape ?? {}),
    );
    expect(read).toContain("lock-token");
    for (const name of read) expect(allowed).toContain(name);
  });

  test("may read the answer and its headers, and caches keep origins apart", async () => {
    const { status, headers } = await told({ CORS_ORIGINS: ORIGINS }, "GET", "https://app.example");
    expect(status).toBe(200);
    expect(headers["access-control-allow-origin"]).toBe("https://app.example");
    for (const name of ["ETag", "Age", "Cache-Status", "Cache-Lease", "Retry-After", "Link"]) {
      expect(headers["access-control-expose-headers"]).toContain(name);
    }
    expect(headers.vary).toMatch(/origin/i);
  });

  test("may read why it was refused", async () => {
    const { status, headers } = await told({ CORS_ORIGINS: ORIGINS }, "GET", "https://app.example", null);
    expect(status).toBe(401);
    expect(headers["access-control-allow-origin"]).toBe("https://app.example");
  });
});

describe("a page of another origin is told nothing:", () => {
  test.each([
    "https://evil.example",
    "http://app.example",
    "https://app.example:444",
    "https://app.example.evil.example",
    "https://evilapp.example",
    "null",
  ])("%s", async (origin) => {
    for (const method of ["OPTIONS", "GET"]) {
      const { headers } = await told({ CORS_ORIGINS: ORIGINS }, method, origin);
      expect(headers["access-control-allow-origin"]).toBeUndefined();
      expect(headers["access-control-allow-credentials"]).toBeUndefined();
    }
  });
});

test("with * any page may read, but never with a browser's credentials", async () => {
  const { headers } = await told({ CORS_ORIGINS: "*" }, "GET", "https://anyone.example");
  expect(headers["access-control-allow-origin"]).toBe("*");
  expect(headers["access-control-allow-credentials"]).toBeUndefined();
});

test("where nothing is configured there is not one CORS header", async () => {
  for (const method of ["OPTIONS", "GET"]) {
    const { headers } = await told({}, method, "https://app.example");
    expect(
      Object.keys(headers).filter((name) => name.startsWith("access-control-") || name === "vary"),
    ).toEqual([]);
  }
});
