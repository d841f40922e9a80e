/** Fresh; served stale at once; kept only for callers whose origin failed. */
export type Life = "fresh" | "stale" | "error";

/** What a put asks for. */
export interface ModelPut {
  readonly key: string;
  readonly body: string;
  readonly groups: readonly string[];
  readonly absent: boolean;
  readonly life: Life;
  readonly createOnly: boolean;
  /** An entity tag without quotes, or `*`. */
  readonly ifMatch: string | undefined;
  /** A lease that was once given for some key. */
  readonly lease: ModelLease | undefined;
}

export type PutStatus = "created" | "replaced" | "precondition_failed" | "lease_lost";

export interface ModelEntry {
  readonly body: string;
  readonly absent: boolean;
  readonly life: Life;
  readonly etag: string;
  /** How often each of its groups had been invalidated when it was put. */
  readonly groups: ReadonlyMap<string, number>;
}

export interface ModelLease {
  readonly token: string;
  readonly key: string;
  /** All invalidations until the lease was given. */
  readonly given: ReadonlyMap<string, number>;
  /** The groups of the entry that the lease is to replace. */
  readonly replaces: readonly string[];
}

/** The cache as its documentation describes it, without time: leases do not run out and fresh entries stay fresh. */
export class CacheModel {
  readonly #entries = new Map<string, ModelEntry>();
  readonly #leases = new Map<string, ModelLease>();
  #invalidations: ReadonlyMap<string, number> = new Map();

  /** The entry that callers may know of: none that was invalidated. */
  entry(key: string): ModelEntry | undefined {
    const entry = this.#entries.get(key);
    return entry && this.#since(entry.groups, [...entry.groups.keys()]) ? entry : undefined;
  }

  lease(key: string): ModelLease | undefined {
    return this.#leases.get(key);
  }

  /** An entry is hidden by an invalidation, but still there: a plain put cannot tell without a second round trip. */
  isHidden(key: string): boolean {
    return this.#entries.has(key) && !this.entry(key);
  }

  /** Whether a caller who asks for the lease has to get it. */
  isDue(key: string): boolean {
    return this.entry(key)?.life !== "fresh" && !this.#leases.has(key);
  }

  grant(key: string, token: string): ModelLease {
    const replaces = [...(this.entry(key)?.groups.keys() ?? [])];
    if (this.isHidden(key)) this.#entries.delete(key);
    const lease = { token, key, given: this.#invalidations, replaces };
    this.#leases.set(key, lease);
    return lease;
  }

  /** Who asks for a lease clears an invalidated entry away, also if the lease is another's. */
  ask(key: string): void {
    if (this.isHidden(key)) this.#entries.delete(key);
  }

  expectedOf(put: ModelPut): PutStatus {
    const { key, groups, lease, createOnly, ifMatch } = put;
    if (lease) {
      const isLive = this.#leases.get(key) === lease;
      if (!isLive || !this.#since(lease.given, [...groups, ...lease.replaces])) return "lease_lost";
    }
    const entry = this.entry(key);
    const found = entry && entry.life !== "error" && !entry.absent ? entry : undefined;
    if (createOnly && found) return "precondition_failed";
    if (ifMatch !== undefined && !(found && (ifMatch === "*" || ifMatch === found.etag)))
      return "precondition_failed";
    return found ? "replaced" : "created";
  }

  store({ key, body, groups, absent, life }: ModelPut, etag: string): void {
    const counts = new Map(groups.map((group) => [group, this.#invalidations.get(group) ?? 0]));
    this.#entries.set(key, { body, absent, life, etag, groups: counts });
    this.#leases.delete(key);
  }

  remove(key: string): void {
    this.#entries.delete(key);
    this.#leases.delete(key);
  }

  invalidate(group: string): void {
    this.#invalidations = new Map(this.#invalidations).set(group, (this.#invalidations.get(group) ?? 0) + 1);
  }

  /** Whether none of `groups` was invalidated since `before`. */
  #since(before: ReadonlyMap<string, number>, groups: readonly string[]): boolean {
    return groups.every((group) => (before.get(group) ?? 0) === (this.#invalidations.get(group) ?? 0));
  }
}
