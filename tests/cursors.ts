import { expect, test } from "vitest";
import type { Answer, CallOptions } from "./api.ts";

/** Follows the cursors to the last page; gives what `read` finds on each. `between` is done after each page. */
export async function readPages<T>(
  list: (query: Record<string, string>) => Promise<Answer>,
  limit: number,
  read: (page: Answer) => T,
  between: () => Promise<unknown> = async () => {},
): Promise<T[]> {
  const pages: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: `${limit}`, ...(cursor && { cursor }) });
    expect(page.status, page.text).toBe(200);
    pages.push(read(page));
    cursor = page.json.next;
    await between();
  } while (cursor);
  return pages;
}

/** Texts that are no cursor, each but little different from one. */
function spoil(cursor: string): string[] {
  const other = (character = "") => (character === "A" ? "B" : "A");
  return [
    "",
    "A",
    "%",
    "\u0000",
    `${cursor}A`,
    `${cursor}=`,
    cursor.slice(4),
    cursor.slice(0, -4),
    cursor.slice(0, -4) + other(cursor.at(-4)) + cursor.slice(-3),
    other(cursor[0]) + cursor.slice(1),
  ];
}

/** Where the Link header leads: path and query of the next page. */
function followLink({ headers }: Answer): { path: string; query: Record<string, string> } {
  const [, target = ""] = /^<([^>]+)>; rel="next"$/.exec(headers.link ?? "") ?? [];
  const { pathname, searchParams } = new URL(target, "https://gateway.example");
  return { path: pathname, query: Object.fromEntries(searchParams) };
}

/** The link asks for the same consistency as the page before it, and the cursor is good for either. */
export async function expectConsistencyKept(
  api: (method: string, path: string, options: CallOptions) => Promise<Answer>,
  list: (query: Record<string, string>) => Promise<Answer>,
): Promise<void> {
  for (const asked of [{}, { consistency: "eventual" }, { consistency: "strong" }]) {
    const { path, query } = followLink(await list({ limit: "1", ...asked }));
    const { limit, cursor = "", ...kept } = query;
    expect(kept).toEqual(asked);
    const next = await api("GET", path, { query });
    expect([next.status, followLink(next).query]).toMatchObject([200, asked]);
    expect((await list({ limit: "1", cursor })).json).toEqual(next.json);
  }
}

type List = (userId: string, query?: Record<string, string>) => Promise<Answer>;

/** What a list of things that users have is made of. */
interface Lists {
  readonly api: (method: string, path: string, options: CallOptions) => Promise<Answer>;
  readonly list: List;
  /** As another tenant. */
  readonly stranger: List;
  /** Gives the ids, newest first. */
  readonly beginMany: (userId: string, count: number) => Promise<readonly string[]>;
  readonly idsOf: (page: Answer) => string[];
}

/** The rules of every such list. */
export function testPages({ api, list, stranger, beginMany, idsOf }: Lists): void {
  const expectRefused = (answer: Answer, path: string, why: string) =>
    expect([answer.status, answer.json.errors?.[0].path], why).toEqual([400, path]);

  test.each(["ü/x?a=b&c>", "ü/x%a=b&c>#"])("the Link header leads to the next page: %s", async (userId) => {
    const ids = await beginMany(userId, 3);
    const first = await list(userId, { limit: "2" });
    const { path, query } = followLink(first);
    expect(query.cursor).toBe(first.json.next);
    const next = await api("GET", path, { query });
    expect(idsOf(next)).toEqual(ids.slice(2));
    expect(next.headers.link).toBeUndefined();
  });

  test("a cursor is of no use for another user, another tenant, or when changed", async () => {
    await beginMany("owner", 3);
    await beginMany("other", 3);
    const cursor: string = (await list("owner", { limit: "1" })).json.next;
    expect((await list("owner", { cursor })).status).toBe(200);
    expectRefused(await list("other", { cursor }), "query.cursor", "another user");
    expectRefused(await stranger("owner", { cursor }), "query.cursor", "another tenant");
    for (const spoilt of spoil(cursor))
      expectRefused(await list("owner", { cursor: spoilt }), "query.cursor", spoilt);
  });

  test.each(["0", "101", "1.5", "-1", "", "x"])("the limit %j is refused", async (limit) => {
    expectRefused(await list("owner", { limit }), "query.limit", limit);
  });

  test("a parameter that nobody knows is refused", async () => {
    expectRefused(await list("owner", { page: "2" }), "query", "page");
  });
}
