import { hash } from "node:crypto";
import { invalidRequest, type Problem } from "./problem.ts";

const CHECK_BYTES = 9;

/** Of another list, or changed, or one that the list does not understand. */
export function foreignCursor(): Problem {
  return invalidRequest([{ path: "query.cursor", message: "is not a cursor of this list" }]);
}

/**
 * The pages of one list, which `path`, `query` and `tenant` identify. A cursor is the position after which a page begins, with
 * a digest of the list and the position, so that one of another list, user or tenant is refused, and one that was
 * changed. It is no secret: who makes one by these rules gets a page of a list that they may read anyway.
 */
export function createPages(tenant: string, path: string, query: Readonly<Record<string, string>> = {}) {
  const check = (position: string) =>
    hash("sha256", JSON.stringify([tenant, path, query, position]), "buffer").subarray(0, CHECK_BYTES);

  return {
    /** The position that a cursor stands for. Throws 400 `invalid_request` for any other list's. */
    after(cursor: string | undefined): string | undefined {
      if (cursor === undefined) return undefined;
      const bytes = Buffer.from(cursor, "base64url");
      const position = bytes.subarray(CHECK_BYTES).toString();
      if (bytes.toString("base64url") === cursor && check(position).equals(bytes.subarray(0, CHECK_BYTES)))
        return position;
      throw foreignCursor();
    },

    /**
     * How an answer leads to the page after `last`, in its body and in its headers; neither on the last page. The link asks
     * for the same consistency again; the cursor is good for either.
     */
    next(last: string | undefined, limit: number, consistency?: string) {
      if (last === undefined) return { body: {}, headers: {} };
      const next = Buffer.concat([check(last), Buffer.from(last)]).toString("base64url");
      const asked = { ...query, ...(consistency && { consistency }), limit: String(limit) };
      const search = new URLSearchParams({ ...asked, cursor: next });
      return { body: { next }, headers: { link: `<${path}?${search}>; rel="next"` } };
    },
  };
}
