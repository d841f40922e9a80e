import { afterAll, expect, inject, test, vi } from "vitest";
import { composeLeaderboards } from "../composition.ts";
import { createCaller } from "./caller.ts";

/** ElastiCache Serverless takes no more. */
const MOST_ARGUMENTS = 3999;

const sandbox = composeLeaderboards(inject("redisUrl"));
const { put, submit, batchGet, ranks, removeMember } = createCaller(sandbox.api);
afterAll(() => sandbox.connection.close());

test.each([1, 2, 16])(
  "no command of the largest calls to %i partitions has too many arguments",
  async (partitions) => {
    const board = `board-${partitions}`;
    const windows = ["all", "daily", "weekly", "monthly"];
    const settings = {
      partitions,
      windows,
      ranking: "dense",
      update: "last",
      pastWindows: 100,
      capacity: 150,
    };
    await put(board, settings);
    const sent = await sandbox.connection.run(async (redis) => vi.spyOn(redis, "sendCommand"));
    for (const factor of [1, 7, -3]) {
      const entries = Array.from({ length: 100 }, (_, at) => ({
        member: `m${at}`,
        score: at * factor,
        metadata: { at },
      }));
      expect((await submit(board, entries)).status).toBe(200);
      const others = entries.map(({ member, score }) => ({
        member: `other-${member}`,
        score: score + 0.5,
      }));
      expect((await submit(board, others, { "idempotency-key": `k${factor}` })).status).toBe(200);
    }
    const members = Array.from({ length: 200 }, (_, at) => `m${at}`);
    expect((await batchGet(board, members)).status).toBe(200);
    expect((await ranks(board, { limit: "1000" })).status).toBe(200);
    expect((await removeMember(board, "m1")).status).toBe(204);
    expect((await put(board, { ...settings, pastWindows: 3 })).status).toBe(200);
    const longest = Math.max(...sent.mock.calls.map(([command]) => command.args.length));
    sent.mockRestore();
    expect(longest).toBeGreaterThan(400);
    expect(longest).toBeLessThan(MOST_ARGUMENTS);
  },
);
