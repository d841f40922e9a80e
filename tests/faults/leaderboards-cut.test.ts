import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLeaderboards } from "../composition.ts";
import { createCaller } from "../leaderboards/caller.ts";
import { look } from "../leaderboards/look.ts";
import { ENTRIES, SCORES } from "./leaderboards-entries.ts";
import { newKey, startCallers } from "./lost-replies.ts";

const { line, caller, other } = await startCallers(composeLeaderboards, createCaller);

const WINDOWS = ["all", "daily"];

/** Cuts a submission off between its two round trips: it has written, and nobody goes on with it. */
async function cutInTheMiddle(board: string): Promise<void> {
  const { proxy, sandbox } = line;
  await caller.get(board);
  await sandbox.connection.ping();
  const before = proxy.roundTrips();
  proxy.faults.delayMs = 50;
  const submission = caller.submit(board, ENTRIES);
  while (proxy.roundTrips() === before) await setImmediate();
  Object.assign(proxy.faults, { delayMs: 0, swallowReplies: true });
  proxy.blackHole();
  expect(outcomeOf(await submission)).toBe("503 redis_unavailable");
  proxy.faults.swallowReplies = false;
}

test.each(["ordinal", "dense"])(
  "whoever reads next sees exact %s ranks after a submission was cut off in its middle",
  async (ranking) => {
    const settings = { update: "last", partitions: 3, windows: WINDOWS, ranking };
    const [cut, whole] = [newKey(), newKey()];
    for (const board of [cut, whole]) await other.begin(board, settings, SCORES);
    await cutInTheMiddle(cut);
    await other.submit(whole, ENTRIES);
    expect(await look(other, cut)).toEqual(await look(other, whole));
  },
);

test.each(["ordinal", "dense"])(
  "whoever writes next lets those go, with %s ranks, that a submission cut off in its middle left",
  async (ranking) => {
    const settings = { update: "last", partitions: 3, windows: WINDOWS, ranking, capacity: 6 };
    const [cut, whole] = [newKey(), newKey()];
    for (const board of [cut, whole]) await other.begin(board, settings, SCORES);
    await cutInTheMiddle(cut);
    await other.submit(whole, ENTRIES);
    const answers = [];
    for (const board of [cut, whole]) answers.push(await other.submit(board, [{ member: "m1", score: 41 }]));
    expect(answers[0]?.text).toBe(answers[1]?.text);
    expect(await look(other, cut)).toEqual(await look(other, whole));
  },
);
