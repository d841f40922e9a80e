import fc from "fast-check";

/** What each kind allows, by the text before the colon of a subject. */
export const KINDS = {
  post: { reactions: ["like", "love", "wow"] },
  photo: { reactions: ["like", "love", "wow"], several: true },
  article: { claps: 9 },
};
export const SUBJECTS = ["page", "post:1", "photo:1", "article:1"];
export const USERS = Array.from({ length: 9 }, (_, at) => `user-${at}`);

export type Command =
  | { readonly do: "like"; readonly subject: string; readonly user: string; readonly gift: number }
  | { readonly do: "unlike"; readonly subject: string; readonly user: string; readonly gift: number }
  | { readonly do: "read"; readonly subject: string; readonly user: string }
  | { readonly do: "users"; readonly subject: string; readonly limit: number }
  | { readonly do: "liked"; readonly user: string; readonly limit: number };

const subject = fc.constantFrom(...SUBJECTS);
const user = fc.constantFrom(...USERS);
const limit = fc.integer({ min: 1, max: 5 });
const gift = fc.nat({ max: 3 });

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("like" as const), subject, user, gift }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("unlike" as const), subject, user, gift }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("read" as const), subject, user }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("users" as const), subject, limit }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("liked" as const), user, limit }) },
);

const kindOf = (subject: string) => ({
  reactions: ["like"],
  several: false,
  claps: 0,
  ...KINDS[subject.split(":")[0] as keyof typeof KINDS],
});

/** The body that a command sends: of no gift none, or else a reaction, or claps. */
export function bodyOf({ do: verb, subject, gift }: Command & { do: "like" | "unlike" }): object {
  const { reactions, claps } = kindOf(subject);
  if (gift === 0) return {};
  if (!claps) return { reaction: reactions[(gift - 1) % reactions.length] };
  return verb === "like" ? { claps: gift * 3 } : { reaction: "like" };
}

interface Like {
  readonly given: readonly string[];
  readonly claps: number;
}

/** Likes as their documentation describes them; who came last is last. */
export class LikesModel {
  readonly #likes = new Map<string, Map<string, Like>>();

  #of(subject: string): Map<string, Like> {
    const likes = this.#likes.get(subject) ?? new Map();
    this.#likes.set(subject, likes);
    return likes;
  }

  like(command: Command & { do: "like" }): void {
    const { subject, user } = command;
    const { reaction, claps } = bodyOf(command) as { reaction?: string; claps?: number };
    const kind = kindOf(subject);
    const before = this.#of(subject).get(user);
    const given = before?.given ?? [];
    const added = kind.several ? [...new Set([...given, reaction ?? ""])].filter(Boolean) : [reaction ?? ""];
    this.#of(subject).set(user, {
      given: reaction === undefined ? (before?.given ?? ["like"]) : added,
      claps: claps ?? before?.claps ?? 1,
    });
  }

  unlike(command: Command & { do: "unlike" }): void {
    const { subject, user } = command;
    const { reaction } = bodyOf(command) as { reaction?: string };
    const before = this.#of(subject).get(user);
    if (!before) return;
    const given = before.given.filter((each) => reaction !== undefined && each !== reaction);
    if (given.length > 0) this.#of(subject).set(user, { ...before, given });
    else this.#of(subject).delete(user);
  }

  /** The answer about a subject and a user. */
  known(subject: string, user: string): object {
    const { reactions, several, claps } = kindOf(subject);
    const likes = [...this.#of(subject).values()];
    const mine = this.#of(subject).get(user);
    const times = (reaction: string) => likes.filter(({ given }) => given.includes(reaction)).length;
    return {
      count: likes.length,
      reactions: Object.fromEntries(reactions.map((reaction) => [reaction, times(reaction)])),
      mine: mine ? (several ? mine.given : mine.given[0]) : null,
      ...(claps > 0 && {
        claps: { total: likes.reduce((total, { claps }) => total + claps, 0), mine: mine?.claps ?? 0 },
      }),
    };
  }

  users(subject: string): string[] {
    return [...this.#of(subject).keys()].reverse();
  }

  subjects(user: string): string[] {
    return SUBJECTS.filter((subject) => this.#of(subject).has(user));
  }
}
