import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { parseConfig } from "../../lib/config.ts";
import { readToken } from "../../lib/locks/fields.ts";
import { createLocks, type Locks } from "../../lib/locks/locks.ts";
import { lockScripts } from "../../lib/locks/scripts.ts";
import type { Connection } from "../../lib/redis/connection.ts";
import { startCluster } from "../redis/one-node-cluster.ts";

let connection: Connection;
let locks: Locks;
beforeAll(async () => {
  connection = await startCluster(lockScripts);
  locks = createLocks(connection, parseConfig({ AUTH_PUBLIC_KEY: inject("publicKey") }).locks);
});
afterAll(() => connection?.close());

test("every operation keeps the keys of one call in one slot, whatever the locks are called", async () => {
  for (const group of ["orders", "{bob}", "ü", "c:d"]) {
    const names = [
      { group, rest: "" },
      { group, rest: "a" },
      { group, rest: "{b}/:c" },
    ];
    const wanted = { names, exclusive: true, ttlMs: 30_000 };
    const call = { key: "key", request: names };
    const granted = await locks.acquire("t", { ...wanted, call });
    if (granted.state !== "granted") throw new Error(granted.state);
    const { leftMs: _, ...grant } = granted;
    expect(await locks.acquire("t", { ...wanted, call })).toMatchObject(grant);
    const other = await locks.acquire("t", { ...wanted, waitMs: 50 });
    if (other.state !== "held") throw new Error(other.state);
    const token = readToken(granted.token);
    for (const name of names) {
      expect((await locks.extend("t", name, token, 60_000)).state).toBe("extended");
      expect(await locks.look("t", name)).toMatchObject({ holding: 1, waiting: 1 });
      expect(await locks.release("t", name, token)).toBe(true);
    }
    const ticket = readToken(other.ticket);
    expect((await locks.acquire("t", { ...wanted, ticket })).state).toBe("granted");
  }
});
