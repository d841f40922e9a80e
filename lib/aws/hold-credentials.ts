import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials, CredentialsSource } from "../redis/credentials.ts";

/** Callers whom the server refuses one after another must not become as many requests to AWS. */
const RENEWED_FOR_MS = 1000;
/** So long a caller waits for new credentials while the old ones are still good. */
const PATIENCE_MS = 100;

export interface Held {
  readonly credentials: Credentials;
  /** Fetched again from then on; in milliseconds since 1970. @default never */
  readonly renewAtMs?: number;
  /** Not used from then on, even if fetching fails; in milliseconds since 1970. @default never */
  readonly endsAtMs?: number;
}

/**
 * Keeps what `fetch` gives in memory. No two fetches run at the same time, and the outcome of a renewal, good or bad,
 * is the answer to every `renew` of the second that follows.
 */
export function holdCredentials(fetch: (anew: boolean) => Promise<Held>): CredentialsSource {
  let held: Held | undefined;
  let fetching: Promise<Credentials> | undefined;
  let renewal: Promise<Credentials> | undefined;

  function load(anew: boolean): Promise<Credentials> {
    fetching ??= fetch(anew)
      .then((fetched) => {
        held = fetched;
        return fetched.credentials;
      })
      .finally(() => {
        fetching = undefined;
      });
    return fetching;
  }

  return {
    async get() {
      if (held && !fetching && Date.now() < (held.renewAtMs ?? Infinity)) return held.credentials;
      const loading = load(false);
      if (!held || Date.now() >= (held.endsAtMs ?? Infinity)) return loading;
      const { credentials } = held;
      return Promise.race([
        loading.catch(() => credentials),
        sleep(PATIENCE_MS, credentials, { ref: false }),
      ]);
    },
    renew() {
      if (!renewal) {
        renewal = load(true);
        const forget = () => void setTimeout(() => (renewal = undefined), RENEWED_FOR_MS).unref();
        renewal.then(forget, forget);
      }
      return renewal;
    },
  };
}
