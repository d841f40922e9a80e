import type { Config } from "../config.ts";
import type { Connection } from "../redis/connection.ts";
import { type Kind, kindOf } from "./kinds.ts";
import { keysOf } from "./places.ts";
import { countFor, type Position, pageOf, readPosition } from "./positions.ts";
import type { PageReply } from "./scripts.ts";
import { type Gave, gaveOf } from "./tallies.ts";
import type { Visit, VisitAll } from "./visits.ts";

/** Somebody who likes a subject. */
export interface Member extends Gave {
  readonly user: string;
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
    const position = after === undefined ? undefined : readPosition(after);
    if (after !== undefined && !position) return "cursor";
    const visit: Visit<Page, PageReply> = {
      place,
      read: readPage,
      ask(partition) {
        const { members, given, counts } = keysOf(place, partition);
        return (redis) => redis.likePage(members, given, counts, position?.at ?? "+inf", countFor(limit));
      },
    };
    const [pages = []] = await visitAll(connection.begin(), [visit]);
    if (kind.approximate || pages.some(({ isEstimate }) => isEstimate)) return "approximate";
    const { shown, last } = pageOf(
      pages.flatMap(({ rows }) => rows),
      position,
      limit,
    );
    return { users: shown.map((row) => memberOf(kind, row)), last };
  };
}

function memberOf(kind: Kind, { name, at, given }: Row): Member {
  return { user: name, ...gaveOf(kind, given), at: Math.floor(at / 1000) };
}

function readPage([partitions, estimate, ...fields]: PageReply): Page {
  const rows: Row[] = [];
  for (let index = 0; index < fields.length; index += 3) {
    const [name = "", at, given = ""] = fields.slice(index, index + 3);
    rows.push({ name, at: Number(at), given });
  }
  return { partitions: Number(partitions), isEstimate: estimate !== null, rows };
}
