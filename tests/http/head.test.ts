import { beforeAll, describe, expect, test } from "vitest";
import { handler } from "../../functions/cache/handler.ts";
import { cacheContract } from "../../lib/cache/contract.ts";
import { createApi } from "../api.ts";

const ENTRIES = "/v1/cache/entries";
const LARGE = Buffer.alloc(100_000, "compressible ");
const api = createApi(handler, cacheContract);

beforeAll(async () => {
  const headers = { "content-type": "text/plain; charset=utf-8", "content-encoding": "identity" };
  await api("PUT", `${ENTRIES}/small`, { body: "ü", headers });
  await api("PUT", `${ENTRIES}/large`, { body: LARGE, headers: { "cache-groups": '"g"' } });
  await api("PUT", `${ENTRIES}/empty`, { body: "" });
  await api("PUT", `${ENTRIES}/absent`, { query: { absent: "true" } });
});

describe("HEAD answers as GET does, without the body:", () => {
  test.each([
    ["small", 200, "2"],
    ["large", 200, String(LARGE.length)],
    ["empty", 200, "0"],
    ["absent", 404, undefined],
    ["missing", 404, undefined],
    ["%zz", 400, undefined],
  ])("%s", async (key, status, length) => {
    const get = await api("GET", `${ENTRIES}/${key}`);
    const { status: same, headers, body } = await api("HEAD", `${ENTRIES}/${key}`);
    expect({ same, bytes: body.length }).toEqual({ same: status, bytes: 0 });
    const { "content-length": told, ...rest } = headers;
    expect(rest).toEqual(get.headers);
    expect(told).toBe(length);
  });

  test("304 for a caller who has the entry", async () => {
    const { headers } = await api("GET", `${ENTRIES}/small`);
    const again = await api("HEAD", `${ENTRIES}/small`, { headers: { "if-none-match": headers.etag ?? "" } });
    expect({ status: again.status, bytes: again.body.length }).toEqual({ status: 304, bytes: 0 });
    expect(again.headers.etag).toBe(headers.etag);
  });

  test("401 for a caller without a token", async () => {
    const { status, headers, body } = await api("HEAD", `${ENTRIES}/small`, { token: null });
    expect({ status, bytes: body.length }).toEqual({ status: 401, bytes: 0 });
    expect(headers["www-authenticate"]).toBe("Bearer");
  });
});
