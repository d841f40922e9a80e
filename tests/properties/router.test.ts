import fc from "fast-check";
import { expect, test } from "vitest";
import { cacheContract } from "../../lib/cache/contract.ts";
import { Problem } from "../../lib/http/problem.ts";
import { createRouter } from "../../lib/http/router.ts";

const router = createRouter(cacheContract, false);
const decodedRouter = createRouter(cacheContract, true);

const text = fc.oneof(
  fc.string({ unit: "binary", minLength: 1 }),
  fc.string({ unit: fc.constantFrom("%", "2", "F", "/", "?", "#", "+", ".", " ", "é"), minLength: 1 }),
);
const method = fc.constantFrom(
  "GET",
  "HEAD",
  "PUT",
  "POST",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "TRACE",
  "get",
  "",
);

/** The other ways to write the same text: reserved characters bare, everything escaped, small hexadecimal digits. */
const encodings = [
  encodeURIComponent,
  encodeURI,
  (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
];

test("a name arrives as it was before it was percent-encoded, however it was encoded", () => {
  fc.assert(
    fc.property(text, fc.constantFrom(...encodings), (name, encode) => {
      expect(router.find("GET", `/v1/cache/entries/${encode(name)}`)).toMatchObject({
        name: "getEntry",
        params: { key: name },
      });
      expect(router.find("DELETE", `/v1/cache/groups/${encode(name)}`)).toMatchObject({
        params: { group: name },
      });
    }),
  );
});

test("a path that was decoded on its way is taken as it is", () => {
  fc.assert(
    fc.property(text, (name) => {
      expect(decodedRouter.find("PUT", `/v1/cache/entries/${name}`).params).toEqual({ key: name });
    }),
  );
});

test("no path and no method makes the router fail otherwise than by a 400, 404 or 405", () => {
  const path = fc.oneof(
    text,
    text.map((name) => `/v1/cache/entries/${name}`),
    text.map((name) => `/v1/cache/${name}`),
    fc.constantFrom("", "/", "/v1", "/v1/cache", "/v1/cache/entries", "/v1/cache/batch-get/"),
  );
  fc.assert(
    fc.property(method, path, fc.constantFrom(router, decodedRouter), (method, path, router) => {
      try {
        expect(router.find(method, path).operation).toBeDefined();
      } catch (error) {
        expect(error).toBeInstanceOf(Problem);
        expect([400, 404, 405]).toContain((error as Problem).status);
      }
    }),
    { numRuns: 1000 },
  );
});

test("percent signs that encode no UTF-8 are a 400", () => {
  const bad = fc.constantFrom("%", "%2", "%zz", "%ff", "%c3%28", "%ed%a0%80", "%f5%80%80%80", "%e2%82");
  fc.assert(
    fc.property(text.map(encodeURIComponent), bad, (before, bad) => {
      expect(() => router.find("GET", `/v1/cache/entries/${before}${bad}`)).toThrow(
        expect.objectContaining({ status: 400 }),
      );
    }),
  );
});

test("a method that a path does not answer is a 405 that names those it does, each of which it answers", () => {
  const path = fc.constantFrom("/v1/cache/entries/a", "/v1/cache/groups/a", "/v1/cache/batch-get");
  fc.assert(
    fc.property(method, path, (method, path) => {
      const allowed = router.allow(path).split(", ");
      for (const other of allowed) {
        if (other !== "OPTIONS") expect(router.find(other, path).operation.path).toBeDefined();
      }
      if (allowed.includes(method)) return;
      expect(() => router.find(method, path)).toThrow(
        expect.objectContaining({ status: 405, headers: { allow: allowed.join(", ") } }),
      );
    }),
  );
});
