import { type JsonObject, mergePatch } from "./merge-patch.ts";

/** Beyond these the tokens of a rotated session end, however long their grace. */
const TOKENS = 8;

export interface ModelSession {
  readonly id: string;
  readonly userId: string;
  data: JsonObject;
  version: number;
  /** As the service told it: among those seen in one millisecond, the names decide. */
  lastSeenAt: string;
  /** All that were ever given, the newest last. */
  readonly tokens: string[];
}

/** Login sessions as their documentation describes them, without time: no session expires, no grace is over. */
export class SessionsModel {
  readonly #maxPerUser: number;
  readonly #live = new Map<string, ModelSession>();

  constructor(maxPerUser: number) {
    this.#maxPerUser = maxPerUser;
  }

  live(id: string): ModelSession | undefined {
    return this.#live.get(id);
  }

  /** Names begin with the time at which they were made, so this is the order of a list turned round. */
  ofUser(userId: string): ModelSession[] {
    return [...this.#live.values()].filter((session) => session.userId === userId).sort(by(({ id }) => id));
  }

  /** Begins a session; gives the ids of those that had to end. */
  begin(session: ModelSession): string[] {
    const others = this.ofUser(session.userId).sort(by(({ lastSeenAt, id }) => lastSeenAt + id));
    const evicted = others.slice(0, Math.max(0, others.length + 1 - this.#maxPerUser)).map(({ id }) => id);
    for (const id of evicted) this.end(id);
    this.#live.set(session.id, session);
    return evicted;
  }

  accepts(token: string, { tokens }: ModelSession): boolean {
    return tokens.slice(-TOKENS).includes(token);
  }

  patch(session: ModelSession, change: JsonObject): void {
    session.data = mergePatch(session.data, change);
    session.version++;
  }

  end(id: string): void {
    this.#live.delete(id);
  }

  endAll(userId: string, except: string | undefined): void {
    for (const { id } of this.ofUser(userId)) if (id !== except) this.end(id);
  }
}

function by(text: (session: ModelSession) => string) {
  return (a: ModelSession, b: ModelSession) => (text(a) < text(b) ? -1 : 1);
}
