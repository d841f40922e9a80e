import { afterAll, beforeAll, expect, inject, test } from "vitest";
import * as z from "zod/mini";
import { parseConfig } from "../../lib/config.ts";
import type { Connection } from "../../lib/redis/connection.ts";
import { Token } from "../../lib/sessions/fields.ts";
import { sessionScripts } from "../../lib/sessions/scripts.ts";
import { createSessions, type Sessions } from "../../lib/sessions/sessions.ts";
import { startCluster } from "../redis/one-node-cluster.ts";

let connection: Connection;
let sessions: Sessions;
beforeAll(async () => {
  connection = await startCluster(sessionScripts);
  const config = parseConfig({ AUTH_PUBLIC_KEY: inject("publicKey"), SESSIONS_TOUCH_SECONDS: "0" });
  sessions = createSessions(connection, config.sessions);
});
afterAll(() => connection?.close());

const begin = (userId: string) =>
  sessions.create("t", { userId, idleMs: 60_000, absoluteMs: 60_000, packedData: '{"a":"1"}' });

test("every operation keeps the keys of one call in one slot, whoever the user is", async () => {
  for (const userId of ["ann", "{bob}", "ü/x", "c:d"]) {
    const { session, token } = await begin(userId);
    const presented = z.parse(Token, token);
    expect((await sessions.verify("t", presented)).state).toBe("live");
    expect(await sessions.patch("t", presented.id, { packedData: '{"b":"2"}' })).toMatchObject({
      session: { data: { a: 1, b: 2 }, version: 2 },
    });
    expect((await sessions.rotate("t", presented.id)).found.state).toBe("live");
    const other = await begin(userId);
    const listed = await sessions.list("t", userId, { limit: 10 });
    expect(new Set(listed.sessions.map(({ id }) => id))).toEqual(new Set([session.id, other.session.id]));
    await sessions.endAll("t", userId, presented.id);
    expect((await sessions.get("t", presented.id)).state).toBe("live");
    await sessions.end("t", presented.id);
    expect((await sessions.get("t", presented.id)).state).toBe("revoked");
    await sessions.endAll("t", userId);
  }
});
