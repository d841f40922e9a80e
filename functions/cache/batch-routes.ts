import { isUtf8 } from "node:buffer";
import type * as z from "zod/mini";
import type { Cache } from "../../lib/cache/cache.ts";
import type { cacheContract } from "../../lib/cache/contract.ts";
import type { Entry } from "../../lib/cache/entry.ts";
import type { Put } from "../../lib/cache/put.ts";
import type { Config } from "../../lib/config.ts";
import type { Handlers } from "../../lib/http/contract.ts";
import { invalidRequest, Problem } from "../../lib/http/problem.ts";
import { entryHeaders } from "./entry-headers.ts";
import type { createLife } from "./life.ts";

/**
 * Lambda answers with at most 6 MiB. A value grows by up to a half on its way into JSON, and that by a third into
 * base64, as `serve` sends what is large.
 */
const SHARED_BYTES = 2_621_440;
/** Lambda takes at most 6 MiB. */
const LARGEST_BATCH_BYTES = 5_767_168;

type Batch = Pick<Handlers<typeof cacheContract>, "batchGet" | "batchPut">;
type Found = z.input<(typeof cacheContract.batchGet.responses)[200]["body"]>["entries"][number];
type BatchEntry = z.output<typeof cacheContract.batchPut.body>["entries"][number];

/** A batch may be larger than one entry, but never larger than what a function can be sent. */
export function batchBodyBytes(maxBodyBytes: number): number {
  return Math.max(maxBodyBytes, LARGEST_BATCH_BYTES);
}

export function createBatchRoutes(
  cacheOf: (consistency?: "strong" | "eventual") => Cache,
  settings: Config["cache"],
  life: ReturnType<typeof createLife>,
): Batch {
  return {
    async batchGet({ tenant, query: { consistency }, body: { keys } }) {
      const found = await cacheOf(consistency).getAll(tenant, keys, Math.floor(SHARED_BYTES / keys.length));
      return { status: 200, body: { entries: keys.map((key, index) => describe(key, found[index])) } };
    },

    async batchPut({ tenant, body: { entries } }) {
      const puts = entries.map((entry, index) => toPut(entry, `body.entries.${index}`, settings, life));
      const outcomes = await cacheOf().putAll(tenant, puts);
      const results = entries.map(({ key }, index) => {
        const { status, etag } = outcomes[index] ?? { status: "precondition_failed" };
        const stored = status === "created" || status === "replaced";
        return { key, status, ...(stored && { etag: `"${etag}"` }) };
      });
      return { status: 200, body: { results } };
    },
  };
}

function describe(key: string, entry: Entry | undefined): Found {
  if (!entry || entry.state === "expired") return { key, status: "miss" };
  const { head, body, ageMs } = entry;
  const shown = {
    key,
    ageSeconds: Math.floor(ageMs / 1000),
    cacheControl: entryHeaders(entry)["cache-control"],
  };
  if (head.absent) return { ...shown, status: "known_absent" };
  const { contentType, contentEncoding } = head;
  const described = {
    ...shown,
    etag: `"${head.etag}"`,
    contentType,
    ...(contentEncoding && { contentEncoding }),
  };
  if (!body) return { ...described, status: "too_large" };
  return { ...described, status: entry.state === "fresh" ? "hit" : "stale", ...toText(body) };
}

/** Readable where JSON can carry it without growing by more than a half. */
function toText(body: Buffer): { value: string; encoding: "utf8" | "base64" } {
  const value = body.toString();
  const isText = isUtf8(body) && JSON.stringify(value).length <= value.length * 1.5 + 64;
  return isText ? { value, encoding: "utf8" } : { value: body.toString("base64"), encoding: "base64" };
}

function toPut(
  entry: BatchEntry,
  path: string,
  { maxBodyBytes }: Config["cache"],
  life: ReturnType<typeof createLife>,
): Put {
  const {
    key,
    value,
    encoding,
    contentType,
    contentEncoding,
    cacheControl,
    groups,
    absent,
    lease,
    ifMatch,
    ifNoneMatch,
  } = entry;
  const body = Buffer.from(value, encoding);
  if (encoding === "base64" && body.toString("base64").replace(/=+$/, "") !== value.replace(/=+$/, "")) {
    throw invalidRequest([{ path: `${path}.value`, message: "is not base64" }]);
  }
  if (!value.isWellFormed())
    throw invalidRequest([{ path: `${path}.value`, message: "must be well-formed Unicode" }]);
  if (absent && body.length > 0)
    throw invalidRequest([{ path: `${path}.value`, message: "must be empty with absent" }]);
  if (body.length > maxBodyBytes) {
    throw new Problem(413, "body_too_large", `${path}.value: one value may have ${maxBodyBytes} bytes.`);
  }
  return {
    key,
    body,
    contentType,
    contentEncoding,
    absent,
    groups,
    lease,
    life: life(`${path}.cacheControl`, cacheControl),
    condition: { absent: ifNoneMatch && true, etags: ifMatch },
  };
}
