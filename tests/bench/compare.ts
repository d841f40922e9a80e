import type { Redis } from "ioredis";
import { readConfig } from "../../lib/config.ts";
import { connect } from "../../lib/redis/connect.ts";
import { median, type Pair } from "./statistics.ts";

/** Rounds of each comparison, by its name; microseconds. */
export type Rounds = Record<string, readonly Pair[]>;

const ROUNDS = 5;
const BLOCKS = 10;

export type Job = () => Promise<unknown>;

/** ioredis as the function has it, with the same settings. */
export async function bareClient(): Promise<Redis> {
  const log = { info() {}, warn() {} };
  const holder: { redis?: Redis } = {};
  await connect(readConfig(), { log: () => log }).run(async (client) => {
    holder.redis = client;
    await client.ping();
  });
  if (!holder.redis) throw new Error("There is no connection");
  return holder.redis;
}

async function microseconds(job: Job): Promise<number> {
  const startedAt = performance.now();
  await job();
  return (performance.now() - startedAt) * 1000;
}

/** One after the other, as a sandbox gets its requests; subject and baseline take turns in blocks. */
export async function compare(subject: Job, baseline: Job, perBlock: number): Promise<Pair[]> {
  const rounds: Pair[] = [];
  for await (const times of takeTurns(subject, baseline, perBlock))
    rounds.push({ subject: median(times.subject), baseline: median(times.baseline) });
  return rounds;
}

/** The times that `compare` sums up, of each round. */
export async function* takeTurns(subject: Job, baseline: Job, perBlock: number) {
  for (let round = -1; round < ROUNDS; round++) {
    const times = { subject: [] as number[], baseline: [] as number[] };
    for (let block = 0; block < BLOCKS; block++) {
      for (let turn = 0; turn < perBlock; turn++) times.subject.push(await microseconds(subject));
      for (let turn = 0; turn < perBlock; turn++) times.baseline.push(await microseconds(baseline));
    }
    // The first round is for the compiler.
    if (round >= 0) yield times;
  }
}
