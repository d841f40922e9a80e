export interface Asked {
  readonly claim: string;
  readonly names: readonly string[];
  readonly exclusive: boolean;
  readonly permits: number | undefined;
  readonly ttlMs: number;
  readonly isTicket: boolean;
}

interface Claimed {
  readonly claim: string;
  readonly exclusive: boolean;
  ends: number;
}

interface Lock {
  holders: (Claimed & { readonly grant: number; extensions: number })[];
  queue: Claimed[];
  /** Of those that share it, or wait to. */
  permits: number | undefined;
  grants: number;
}

const MOST_PERMITS = 1000;

/** Locks as their documentation describes them; grants are counted from the first of each lock. */
export class LocksModel {
  readonly #locks = new Map<string, Lock>();
  readonly #givenUp = new Set<string>();
  /** The locks that each claim is of. */
  readonly #names = new Map<string, string>();
  readonly #limits;
  #now = 0;

  constructor(limits: {
    readonly heartbeatMs: number;
    readonly maxQueue: number;
    readonly maxExtensions: number;
  }) {
    this.#limits = limits;
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  look(name: string) {
    const { holders, queue, permits, grants } = this.#lock(name);
    const grantsHeld = holders.map(({ grant }) => grant).sort((a, b) => a - b);
    const isShared = holders.some(({ exclusive }) => !exclusive);
    const shown = isShared ? permits : undefined;
    return { holding: holders.length, waiting: queue.length, permits: shown, grants, held: grantsHeld };
  }

  /** What is answered: the numbers of the grants, the position, or why not. */
  acquire({ claim, names, exclusive, permits, ttlMs, isTicket }: Asked): string {
    const set = names.toSorted().join();
    if (!isTicket) this.#names.set(claim, set);
    else if (this.#names.get(claim) !== set) return "ticket_lost";
    const locks = names.map((name) => this.#lock(name));
    const holding = locks.flatMap((lock) => lock.holders.filter((holder) => holder.claim === claim));
    const waiting = locks.filter(({ queue }) => queue.some((each) => each.claim === claim));
    if (holding.length === locks.length) return `granted ${holding.map(({ grant }) => grant)}`;
    if (isTicket && (holding.length > 0 || waiting.length < locks.length)) return "ticket_lost";
    const wants = exclusive ? undefined : (permits ?? (isTicket ? undefined : MOST_PERMITS));
    if (locks.some((lock) => wants && lock.permits && lock.permits !== wants)) return "permits_mismatch";
    const before = locks.map(({ queue }) => {
      const place = queue.findIndex((each) => each.claim === claim);
      return queue.slice(0, place < 0 ? queue.length : place);
    });
    const hasRoom = locks.every(({ holders, permits }, index) => {
      const others = [...holders, ...(before[index] ?? [])];
      if (exclusive) return others.length === 0;
      return others.length < (wants ?? permits ?? 0) && !others.some((each) => each.exclusive);
    });
    if (!hasRoom && waiting.length === 0 && locks.some(({ queue }) => queue.length >= this.#limits.maxQueue))
      return "queue_full";
    for (const lock of locks) lock.permits = wants ?? lock.permits;
    if (!hasRoom) {
      for (const lock of locks)
        this.#wait(lock, { claim, exclusive, ends: this.#now + this.#limits.heartbeatMs });
      return `held ${Math.max(...before.map(({ length }) => length)) + 1}`;
    }
    const ends = this.#now + ttlMs;
    for (const lock of locks) {
      lock.queue = lock.queue.filter((each) => each.claim !== claim);
      lock.holders.push({ claim, exclusive, ends, grant: ++lock.grants, extensions: 0 });
    }
    return `granted ${locks.map(({ grants }) => grants)}`;
  }

  extend(name: string, claim: string, ttlMs: number): string {
    const holder = this.#lock(name).holders.find((each) => each.claim === claim);
    if (!holder) return "lock_lost";
    if (holder.extensions >= this.#limits.maxExtensions) return "extensions_exhausted";
    holder.extensions++;
    holder.ends = Math.max(holder.ends, this.#now + ttlMs);
    return `extended ${holder.grant}`;
  }

  release(name: string, claim: string): string {
    const lock = this.#lock(name);
    const others = (each: Claimed) => each.claim !== claim;
    const count = lock.holders.length + lock.queue.length;
    lock.holders = lock.holders.filter(others);
    lock.queue = lock.queue.filter(others);
    if (lock.holders.length + lock.queue.length < count) this.#givenUp.add(`${name} ${claim}`);
    return this.#givenUp.has(`${name} ${claim}`) ? "given" : "lock_lost";
  }

  #wait({ queue }: Lock, claimed: Claimed): void {
    const present = queue.find(({ claim }) => claim === claimed.claim);
    if (present) present.ends = claimed.ends;
    else queue.push(claimed);
  }

  /** Without those whose time is over. */
  #lock(name: string): Lock {
    const lock = this.#locks.get(name) ?? { holders: [], queue: [], permits: undefined, grants: 0 };
    this.#locks.set(name, lock);
    lock.holders = lock.holders.filter(({ ends }) => ends > this.#now);
    lock.queue = lock.queue.filter(({ ends }) => ends > this.#now);
    if ([...lock.holders, ...lock.queue].every(({ exclusive }) => exclusive)) lock.permits = undefined;
    return lock;
  }
}
