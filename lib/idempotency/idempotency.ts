import { randomBytes } from "node:crypto";
import { createRandomness, digestOf, type Randomness } from "../opaque-token.ts";
import type { Connection } from "../redis/connection.ts";
import { callKeys } from "../redis/keys.ts";
import { seal, unseal } from "../seal.ts";

const SEED_BYTES = 32;

export interface Call {
  readonly tenant: string;
  /** Undefined for a call that may run as often as it is made. */
  readonly key: string | undefined;
  /** Names the operation and everything that was asked of it; only the same gets the same answer. */
  readonly request: readonly unknown[];
}

export type Once<T> =
  | { readonly state: "done"; readonly answer: T }
  /** The same call is being run, or was and nobody knows yet how it ended. */
  | { readonly state: "running" }
  /** The key came with another call before. */
  | { readonly state: "reused" };

/**
 * Does the work, within the connection's deadline. The same randomness must give the same outcome; work that cannot
 * promise that calls `foretell`, with the answer for whoever asks when its end was not written down, before it does
 * what must not happen twice. One round trip; when that rejects, it must not happen.
 */
export type Work<T> = (
  connection: Connection,
  randomness?: Randomness,
  foretell?: (answer: T) => Promise<void>,
) => Promise<T>;

/** The work took so long that somebody else may be at it, or Redis has forgotten who is. */
class Overtaken extends Error {}

export type Idempotency = ReturnType<typeof createIdempotency>;

/**
 * Runs calls with an idempotency key (draft-ietf-httpapi-idempotency-key-header) once, as far as anybody can see: one
 * that was cut short is run again with the same randomness. Answers are kept in JSON, and like what they are made of
 * only who has the key can read them. Two round trips more than the work.
 */
export function createIdempotency(connection: Connection, feature: string, rememberMs: number) {
  async function once<T>({ tenant, key, request }: Call, work: Work<T>): Promise<Once<T>> {
    if (key === undefined) return { state: "done", answer: await work(connection) };
    const shared = connection.sharing();
    const id = callKeys.call(tenant, feature, digestOf(`idempotency ${key}`));
    const ownSeed = seal(
      "seed",
      key,
      JSON.stringify([Date.now(), randomBytes(SEED_BYTES).toString("base64")]),
    );
    const [state, text] = await shared.run(
      (redis) =>
        redis.idempotencyClaim(
          id,
          digestOf(JSON.stringify(request)),
          ownSeed,
          2 * connection.deadlineMs,
          rememberMs,
        ),
      { idempotent: true },
    );
    if (state === "answered") return { state: "done", answer: JSON.parse(unseal("answer", key, text)) };
    if (state !== "claimed") return { state };

    const sealed = (answer: T) => seal("answer", key, JSON.stringify(answer));
    const foretell = async (answer: T) => {
      const told = await shared.run((redis) => redis.idempotencyForetell(id, ownSeed, sealed(answer)), {
        idempotent: true,
      });
      if (!told) throw new Overtaken();
    };
    const settle = async (answer: string) => {
      const settling = shared.run((redis) => redis.idempotencySettle(id, ownSeed, answer), {
        idempotent: true,
      });
      await settling.catch(() => {}); // then the same call runs again and comes to the same, or ends as foretold
    };
    try {
      const [now, seed] = JSON.parse(unseal("seed", key, text));
      const answer = await work(shared, createRandomness(now, Buffer.from(seed, "base64")), foretell);
      await settle(sealed(answer));
      return { state: "done", answer };
    } catch (error) {
      if (error instanceof Overtaken) return { state: "running" };
      await settle("");
      throw error;
    }
  }

  return { once };
}
