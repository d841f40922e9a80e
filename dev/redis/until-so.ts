import { setTimeout as sleep } from "node:timers/promises";

/** Servers take seconds to hear of each other. */
const WITHIN_MS = 20_000;
const POLL_MS = 50;

/** Asks until the answer is true; another one tells what is missing. `what` is not ready before, as in "The cluster is". */
export async function untilSo(what: string, ask: () => Promise<true | string>): Promise<void> {
  for (const deadlineAt = Date.now() + WITHIN_MS; ; ) {
    const answer = await ask();
    if (answer === true) return;
    if (Date.now() > deadlineAt) throw new Error(`${what} not ready after ${WITHIN_MS / 1000} s: ${answer}`);
    await sleep(POLL_MS);
  }
}
