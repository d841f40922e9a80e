import type { Config } from "../config.ts";
import type { Connection } from "../redis/connection.ts";
import { type Kind, kindOf } from "./kinds.ts";
import { keysOf } from "./places.ts";
import {
  isAfter,
  MAX_AT_ONCE,
  newestFirst,
  type Position,
  readPosition,
  writePosition,
} from "./positions.ts";
import type { PageReply } from "./scripts.ts";
import { type Given, givenOf } from "./tallies.ts";
import type { Visit, VisitAll } from "./visits.ts";

/** Somebody who likes a subject. */
export interface Member {
  readonly user: string;
  readonly reaction: Given;
  readonly claps?: number;
  /** Since when, in milliseconds. */
  readonly at: number;
}

interface Row extends Position {
  readonly given: string;
}

interface Page {
  readonly partitions: number;
  readonly isEstimate: boolean;
  readonly rows: readonly Row[];
}

export function createMembers(
  connection: Connection,
  { kinds }: Pick<Config["likes"], "kinds">,
  visitAll: VisitAll,
) {
  /**
   * A page of who likes a subject, newest first. It begins behind the place at which the page before ended, so others who
   * come and go shift nobody. Or why there is none: the cursor is nobody's, or only a count is known. One round trip,
   * O(partitions · (log n + limit)), and another for partitions that were not known.
   */
  return async function members(
    tenant: string,
    subject: string,
    { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<
    { readonly users: readonly Member[]; readonly last: string | undefined } | "approximate" | "cursor"
  > {
    const kind = kindOf(kinds, subject);
    const place = { tenant, subject };
    const last = after === undefined ? undefined : readPosition(after);
    if (after !== undefined && !last) return "cursor";
    const visit: Visit<Page, PageReply> = {
      place,
      read: readPage,
      ask(partition) {
        const { members, given, counts } = keysOf(place, partition);
        // Some may have come in the microsecond at which the page before ended, and one tells whether there are more.
        return (redis) => redis.likePage(members, given, counts, last?.at ?? "+inf", limit + MAX_AT_ONCE + 1);
      },
    };
    const [pages = []] = await visitAll(connection.begin(), [visit]);
    if (kind.approximate || pages.some(({ isEstimate }) => isEstimate)) return "approximate";
    const rows = pages
      .flatMap(({ rows }) => rows)
      .filter((row) => isAfter(row, last))
      .sort(newestFirst);
    const shown = rows.slice(0, limit);
    return {
      users: shown.map((row) => memberOf(kind, row)),
      last: rows.length > limit ? writePosition(shown.at(-1)) : undefined,
    };
  };
}

function memberOf(kind: Kind, { name, at, given }: Row): Member {
  return { user: name, ...givenOf(kind, given), at: Math.floor(at / 1000) };
}

function readPage([partitions, estimate, ...fields]: PageReply): Page {
  const rows: Row[] = [];
  for (let index = 0; index < fields.length; index += 3) {
    const [name = "", at, given = ""] = fields.slice(index, index + 3);
    rows.push({ name, at: Number(at), given });
  }
  return { partitions: Number(partitions), isEstimate: estimate !== null, rows };
}
