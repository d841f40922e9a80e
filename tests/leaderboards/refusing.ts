import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { composeLeaderboards } from "../composition.ts";
import { createCaller } from "./caller.ts";
import { createStored } from "./stored.ts";

/** A sandbox with two boards, of which every test of the file must leave everything as it was: whatever is refused writes nothing. */
export function refuseAll() {
  const sandbox = composeLeaderboards(inject("redisUrl"));
  const caller = createCaller(sandbox.api);
  const stored = createStored(sandbox.tenant);
  afterAll(async () => {
    stored.redis.disconnect();
    await sandbox.connection.close();
  });

  let before: unknown;
  beforeAll(async () => {
    await caller.begin("board", { windows: ["all", "daily"], update: "sum" });
    await caller.submit("board", [{ member: "kept", score: 1, metadata: { a: 1 } }]);
    await caller.begin("parts", { partitions: 3, ranking: "dense" }, [1, 2]);
    await caller.lines("parts"); // follows what is left to follow
    await accept();
  });
  afterEach(async () => {
    const was = before;
    before = await stored.everything(); // what one has written is not held against the next
    expect(before).toEqual(was);
  });

  /** What is sent as it is written: JSON.stringify would not let everything pass. */
  const send = (method: string, path: string, body: object | string, headers: Record<string, string> = {}) =>
    sandbox.api(method, path, {
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  /** For what may be written: it is what the test leaves. */
  const accept = async () => {
    before = await stored.everything();
  };
  return { ...caller, sandbox, send, accept };
}

/** A submission of one entry that differs in something from a good one. */
export const one = (more: object) => ({ entries: [{ member: "a", score: 1, ...more }] });
