import type { CacheControl } from "../../lib/cache/cache-control.ts";
import { type Life, retentionMs } from "../../lib/cache/entry.ts";
import type { Config } from "../../lib/config.ts";
import { invalidRequest } from "../../lib/http/problem.ts";

/** Makes the rule by which a put gets its life: bounded always, shortened at random by up to `jitter` percent. */
export function createLife({ defaultTtlMs, maxTtlMs, jitterPercent }: Config["cache"]) {
  return (path: string, control: CacheControl = {}, jitter = jitterPercent): Life => {
    if (control.noStore)
      throw invalidRequest([{ path, message: "says no-store, so there is nothing to store" }]);
    const freshMs = control.maxAge === undefined ? defaultTtlMs : control.maxAge * 1000;
    const staleMs = (control.staleWhileRevalidate ?? 0) * 1000;
    const errorMs = (control.staleIfError ?? 0) * 1000;
    const kept = retentionMs({ freshMs, staleMs, errorMs });
    if (kept === 0) throw invalidRequest([{ path, message: "gives the entry no life at all" }]);
    if (kept > maxTtlMs) {
      const message = `max-age and the longer stale window together may be at most ${maxTtlMs / 1000} seconds`;
      throw invalidRequest([{ path, message }]);
    }
    return { freshMs: Math.ceil(freshMs * (1 - (Math.random() * jitter) / 100)), staleMs, errorMs };
  };
}
