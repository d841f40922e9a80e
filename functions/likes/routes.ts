import type { Config } from "../../lib/config.ts";
import { chooseBy } from "../../lib/consistency.ts";
import type { Handlers } from "../../lib/http/contract.ts";
import { createPages, foreignCursor } from "../../lib/http/pages.ts";
import { checkPathId } from "../../lib/http/path-id.ts";
import { invalidRequest, Problem } from "../../lib/http/problem.ts";
import { timestamp } from "../../lib/http/timestamp.ts";
import type { likesContract } from "../../lib/likes/contract.ts";
import { type Kind, kindOf } from "../../lib/likes/kinds.ts";
import type { Likes } from "../../lib/likes/likes.ts";

const NO_STORE = { "cache-control": "no-store" };

/** Turns requests into calls of the likes (and of those on a replica, as the cache does), and what they answer into statuses. */
export function createRoutes(likes: Likes, config: Config, replica: Likes): Handlers<typeof likesContract> {
  const likesOf = chooseBy(likes, replica);
  const kindOfSubject = (subject: string) => kindOf(config.likes.kinds, subject);
  return {
    async listTrending({ tenant, query: { consistency, ...query } }) {
      if (!config.likes.trending.includes(query.window))
        throw new Problem(404, "window_unknown", "What is trending is not kept by this window.");
      const subjects = await likesOf(consistency).trending(tenant, query);
      return { status: 200, headers: NO_STORE, body: { subjects } };
    },

    async listLiked({ tenant, params: { user }, query: { limit, cursor } }) {
      const pages = createPages(tenant, `/v1/likes/users/${encodeURIComponent(user)}`);
      const found = await likes.liked(tenant, user, { limit, after: pages.after(cursor) });
      if (found === "cursor") throw foreignCursor();
      const next = pages.next(found.last, limit);
      return {
        status: 200,
        headers: { ...NO_STORE, ...next.headers },
        body: { likes: found.likes.map(dated), ...next.body },
      };
    },

    async batchGetLikes({ tenant, query: { consistency }, body: { subjects, user } }) {
      const found = await likesOf(consistency).getAll(tenant, subjects, user);
      const body = { likes: found.map((known, at) => ({ subject: subjects[at] ?? "", ...known })) };
      return { status: 200, headers: NO_STORE, body };
    },

    async like({ tenant, params: { subject, user }, body: { reaction, claps } }) {
      checkPathId("path.user", user, config.http);
      const kind = kindOfSubject(subject);
      checkReaction(kind, reaction);
      checkClaps(kind, claps);
      const gift = kind.claps === undefined ? reaction : claps;
      return { status: 200, headers: NO_STORE, body: await likes.like(tenant, subject, user, gift) };
    },

    async unlike({ tenant, params: { subject, user }, body: { reaction } }) {
      const kind = kindOfSubject(subject);
      checkReaction(kind, reaction);
      const known = kind.approximate ? undefined : await likes.unlike(tenant, subject, user, reaction);
      if (!known || known.approximate) throw onlyCounted();
      return { status: 200, headers: NO_STORE, body: known };
    },

    async listUsers({ tenant, params: { subject }, query: { consistency, limit, cursor } }) {
      const pages = createPages(tenant, `/v1/likes/${subject}/users`);
      const found = await likesOf(consistency).members(tenant, subject, {
        limit,
        after: pages.after(cursor),
      });
      if (found === "cursor") throw foreignCursor();
      if (found === "approximate") throw onlyCounted();
      const next = pages.next(found.last, limit, consistency);
      return {
        status: 200,
        headers: { ...NO_STORE, ...next.headers },
        body: { users: found.users.map(dated), ...next.body },
      };
    },

    async getLikes({ tenant, params: { subject }, query: { consistency, user } }) {
      const [known = { count: 0 }] = await likesOf(consistency).getAll(tenant, [subject], user);
      return { status: 200, headers: NO_STORE, body: known };
    },
  };
}

function checkReaction({ reactions }: Kind, reaction: string | undefined): void {
  if (reaction !== undefined && !reactions.includes(reaction))
    throw invalidRequest([{ path: "body.reaction", message: `must be one of ${reactions.join(", ")}` }]);
}

function checkClaps({ claps: most }: Kind, claps: number | undefined): void {
  if (claps === undefined) return;
  const refuse = (message: string) => invalidRequest([{ path: "body.claps", message }]);
  if (most === undefined) throw refuse("are not for subjects of this kind");
  if (claps > most) throw refuse(`must be at most ${most}`);
}

function onlyCounted(): Problem {
  return new Problem(409, "likes_approximate", "Of this subject only an approximate count is known.");
}

function dated<T extends { readonly at: number }>({ at, ...row }: T) {
  return { ...row, at: timestamp(at) };
}
