import type { Call, Idempotency, Work } from "../idempotency/idempotency.ts";
import { Problem } from "./problem.ts";

/** Gives the answer of the work, or of an earlier run of the same call. Throws 409 while that runs, 422 for another call. */
export async function once<T>(idempotency: Idempotency, call: Call, work: Work<T>): Promise<T> {
  const outcome = await idempotency.once(call, work);
  if (outcome.state === "done") return outcome.answer;
  if (outcome.state === "reused")
    throw new Problem(422, "idempotency_key_reused", "The idempotency key was used for another call.");
  throw new Problem(409, "idempotency_key_in_use", "A call with this idempotency key is being run.", {
    headers: { "retry-after": "1" },
  });
}
