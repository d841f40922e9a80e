import { homeOf, type Id } from "../opaque-token.ts";
import type { Connection, Run } from "../redis/connection.ts";
import { type Call, fanOut } from "../redis/fan-out.ts";
import { tokenKeys } from "../redis/keys.ts";
import { GRANT_FIELDS, type Grant, readGrant } from "./grant.ts";

/** No setting allows more. */
const MOST_PER_USER = 1000;

/** The grants that users have given: what lists and ends them. `rememberMs` is how long an ended one leaves a trace. */
export function createGrants(connection: Connection, rememberMs: number) {
  const idempotent = true;

  /** Ends grants of one user, all at one moment. An issue that is sent again still finds them, and begins none anew. */
  async function endThose(run: Run, tenant: string, home: string, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const ends = tokenKeys.ends(tenant, { home });
    const grants = names.map((name) => tokenKeys.grant(tenant, { home, name }));
    const calls: Call[] = [
      (p) => p.zrem(ends, ...names),
      ...grants.map(
        (key): Call =>
          (p) =>
            p.pexpire(key, rememberMs, "LT"),
      ),
    ];
    await run((redis) => fanOut(redis, calls), { idempotent });
  }

  /** A page of a user's grants, newest first; `last` if there are more. Two round trips. O(n log n) in those of the user. */
  async function list(
    tenant: string,
    userId: string,
    { limit, after = "" }: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<{ readonly grants: readonly Grant[]; readonly last: string | undefined }> {
    const home = homeOf(tenant, userId);
    const run = connection.begin();
    const ends = tokenKeys.ends(tenant, { home });
    const names = await run((redis) => redis.tokenList(ends, after, limit + 1), { idempotent });
    const ids = names.slice(0, limit).map((name) => ({ home, name }));
    const calls = ids.map((id): Call => {
      const key = tokenKeys.grant(tenant, id);
      return (p) => p.hmget(key, ...GRANT_FIELDS);
    });
    const replies = ids.length > 0 ? await run((redis) => fanOut(redis, calls), { idempotent }) : [];
    const grants = ids.flatMap((id, index) => readGrant(id, replies[index] as (string | null)[]) ?? []);
    return { grants, last: names.length > limit ? names[limit - 1] : undefined };
  }

  /** Ends a grant with all its tokens. The same whether it was in force or not. O(log n). */
  async function revokeGrant(tenant: string, { home, name }: Id): Promise<void> {
    await endThose(connection.begin(), tenant, home, [name]);
  }

  /**
   * Ends the grants of a user that there are, all at one moment. One that is issued meanwhile goes on. Two round trips.
   * O(n log n) in those of the user.
   */
  async function revokeAll(tenant: string, userId: string): Promise<void> {
    const home = homeOf(tenant, userId);
    const run = connection.begin();
    const ends = tokenKeys.ends(tenant, { home });
    const names = await run((redis) => redis.tokenList(ends, "", MOST_PER_USER), { idempotent });
    await endThose(run, tenant, home, names);
  }

  return { list, revokeGrant, revokeAll };
}
