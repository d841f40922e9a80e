import type { Settings } from "../../lib/leaderboards/board.ts";
import { type Job, takeTurns } from "./compare.ts";
import { fillBoth, openPlaces, type Places } from "./leaderboards-cluster.ts";
import { memberOf, random } from "./leaderboards-fill.ts";
import { type Pair, quantile, summarize } from "./statistics.ts";
import { type Row, row } from "./table.ts";

/** Microseconds of each round, on a board and by hand. */
export type Latency = Record<"p50" | "p99", Pair[]>;

export interface LargeResult {
  readonly members: number;
  readonly latencies: Readonly<Record<"submit" | "member with rank", Latency>>;
}

const SIZES = [10_000, 10_000_000];
const PER_BLOCK = 50;
const TENANT = "bench";
const SETTINGS: Settings = {
  order: "desc",
  update: "last",
  ties: "first",
  ranking: "ordinal",
  windows: ["all"],
  timeZone: "UTC",
  pastWindows: 1,
  partitions: 16,
};

/** A board of 16 partitions on three nodes beside a plain sorted set on one, small and large. */
export async function measureLarge(bundle: string, say: (what: string) => void): Promise<LargeResult[]> {
  const places = await openPlaces(bundle);
  try {
    const results: LargeResult[] = [];
    for (const members of SIZES) {
      say(`a board of ${members.toLocaleString("en")} on three nodes`);
      const name = `of-${members}`;
      await places.leaderboards.put(TENANT, name, SETTINGS);
      await fillBoth(places, { tenant: TENANT, name, settings: SETTINGS }, members);
      for (const number of [0, 1, members / 2, members - 1]) await check(places, name, memberOf(number));
      results.push({ members, latencies: await measureBoard(places, name, members) });
    }
    return results;
  } finally {
    await places.close();
  }
}

function answered<T extends object>(outcome: T): Exclude<T, { readonly refused: string }> {
  if ("refused" in outcome) throw new Error(`Refused: ${outcome.refused}`);
  return outcome as Exclude<T, { readonly refused: string }>;
}

/** The board must read what was written past it, each member in its partition. */
async function check({ leaderboards, plain }: Places, name: string, member: string): Promise<void> {
  const { score, rank } = answered(await leaderboards.around(TENANT, name, { member, around: 0 }));
  const expected = [Number(await plain.zscore(name, member)), Number(await plain.zrevrank(name, member)) + 1];
  if (`${[score, rank]}` !== `${expected}`)
    throw new Error(`${member} has ${[score, rank]} instead of ${expected}`);
}

async function measureBoard({ leaderboards, plain }: Places, name: string, members: number) {
  const someone = () => memberOf(random(members));
  const byHand: Job = () => {
    const member = someone();
    const pipeline = plain.pipeline().zadd(name, random(members), member);
    return pipeline.zrevrank(name, member).zscore(name, member).exec();
  };
  const submit: Job = async () =>
    answered(await leaderboards.submit(TENANT, name, [{ member: someone(), score: random(members) }]));
  const read: Job = async () =>
    answered(await leaderboards.around(TENANT, name, { member: someone(), around: 0 }));
  return { submit: await latency(submit, byHand), "member with rank": await latency(read, byHand) };
}

async function latency(subject: Job, baseline: Job): Promise<Latency> {
  const rounds: Latency = { p50: [], p99: [] };
  for await (const times of takeTurns(subject, baseline, PER_BLOCK)) {
    const at = (share: number): Pair => ({
      subject: quantile(times.subject, share),
      baseline: quantile(times.baseline, share),
    });
    rounds.p50.push(at(0.5));
    rounds.p99.push(at(0.99));
  }
  return rounds;
}

/** The rows of one size, for information. */
export function rowsOf({ members, latencies }: LargeResult): Row[] {
  const size = members.toLocaleString("en");
  return Object.entries(latencies).flatMap(([operation, { p50, p99 }]) => [
    row(`${operation} in 16 partitions of ${size}, p50 : by hand in one set`, p50, "µs"),
    row(`${operation} in 16 partitions of ${size}, p99 : by hand in one set`, p99, "µs"),
  ]);
}

/** How many times as long the largest takes as the smallest. */
export function growthRows(results: readonly LargeResult[]): Row[] {
  const [smallest, largest] = [results[0], results.at(-1)] as [LargeResult, LargeResult];
  const size = ({ members }: LargeResult) => members.toLocaleString("en");
  return (["submit", "member with rank"] as const).flatMap((operation) =>
    (["p50", "p99"] as const).map((share) => {
      const before = summarize(smallest.latencies[operation][share]);
      const after = summarize(largest.latencies[operation][share]);
      const subject = after.subject / before.subject;
      const baseline = after.baseline / before.baseline;
      return {
        what: `${operation}, growth of the ${share} from ${size(smallest)} to ${size(largest)} : by hand`,
        subject: `${subject.toFixed(2)} x`,
        baseline: `${baseline.toFixed(2)} x`,
        ratio: subject / baseline,
      };
    }),
  );
}
