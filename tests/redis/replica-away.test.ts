import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { leaderboardKeys } from "../../lib/redis/keys.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { eventual, path, startBesideReplica } from "./beside-replica.ts";

let beside: Awaited<ReturnType<typeof startBesideReplica>>;

beforeAll(async () => {
  beside = await startBesideReplica();
});
afterEach(() => beside.catchUp());
afterAll(() => beside?.stop());

describe("a replica that cannot answer is made up for by the primary in time", () => {
  /** What became of the replica; each gives its address, as the function has it. */
  const FAULTS: Record<string, () => Promise<string>> = {
    async "is not there"() {
      return "redis://127.0.0.1:1";
    },
    async "swallows connections"() {
      const proxy = await startTcpProxy(beside.replica.server.url);
      onTestFinished(proxy.close);
      proxy.faults.ignoreNew = true;
      return proxy.url;
    },
    async "has lost its primary and says MASTERDOWN"() {
      const { admin, server } = beside.replica;
      await admin.config("SET", "replica-serve-stale-data", "no");
      onTestFinished(() => admin.config("SET", "replica-serve-stale-data", "yes").then(() => {}));
      return server.url;
    },
    async "does not know the user"() {
      return beside.replica.server.url.replace("redis://", "redis://nobody:knows@");
    },
  };

  test.each(Object.entries(FAULTS))("one that %s", async (_, fault) => {
    await beside.writeTwice("made-up-for");
    const { api } = beside.startCache(await fault());
    for (let i = 0; i < 3; i++)
      expect((await api("GET", path("made-up-for"), { query: eventual })).text).toBe("new");
  });

  test("one whose connection goes dead, and that is not there again", async () => {
    const proxy = await startTcpProxy(beside.replica.server.url);
    onTestFinished(proxy.close);
    const sandbox = beside.startCache(proxy.url);
    await beside.writeTwice("dead");
    const read = async () => (await sandbox.api("GET", path("dead"), { query: eventual })).text;
    expect(await read()).toBe("old");
    proxy.faults.ignoreNew = true;
    proxy.blackHole();
    expect(await read()).toBe("new");
  });

  test("one that has a part of a board, and says READONLY to what would mend it", async () => {
    const { begin, ranks, tenant } = beside.startLeaderboards();
    await begin("torn", { partitions: 4 }, [1, 2, 3]);
    await beside.catchUp();
    await beside.holdBack();
    const { admin } = beside.replica;
    await admin.config("SET", "replica-read-only", "no");
    await admin.unlink(leaderboardKeys.board(tenant, "torn", 1));
    await admin.config("SET", "replica-read-only", "yes");
    await admin.config("RESETSTAT");
    expect((await ranks("torn", eventual)).json.entries).toHaveLength(3);
    expect(await admin.info("errorstats")).toContain("errorstat_READONLY");
  });
});
