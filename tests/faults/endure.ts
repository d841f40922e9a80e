import { expect } from "vitest";
import type { Answer } from "../api.ts";
import { startLoads } from "./load.ts";
import type { Writer } from "./writers.ts";

/** On a machine that has much else to do. */
const WITHIN_MS = 20_000;
const FEW = 3;
const MANY = 20;

type Writers = Readonly<Record<string, Writer>>;

/** Something that goes wrong while every feature writes. */
export interface Fault {
  begin(): unknown;
  /** What is to be seen of it by those who are not writing. */
  readonly meanwhile?: () => Promise<unknown>;
  end?(): unknown;
  /** What may be said to who is turned away, if not that Redis is unavailable. */
  readonly expectRefused?: (answer: Answer) => void;
  readonly callers?: number;
}

/** Holds every feature to turn callers away in time, to serve again by itself, and to have kept what it promised. */
export async function endure(writers: Writers, fault: Fault): Promise<void> {
  await underLoad(writers, fault, async (loads) => {
    await fault.begin();
    await loads.turnedAway(FEW, WITHIN_MS);
    await fault.meanwhile?.();
    await fault.end?.();
    await loads.served(MANY, WITHIN_MS);
  });
}

/** Holds every feature to serve every single caller in time, whatever goes wrong, and as often as it does. */
export async function hide(writers: Writers, fault: Fault, times = 1): Promise<void> {
  await underLoad(writers, fault, async (loads) => {
    for (let time = 0; time < times; time++) {
      await fault.begin();
      await loads.served(MANY, WITHIN_MS);
    }
    await fault.end?.();
    const refused = Object.entries(loads.loads).map(([feature, load]) => [feature, load.refused]);
    expect(refused, "turned away").toEqual(refused.map(([feature]) => [feature, 0]));
  });
}

/** Runs something while every feature writes; in the end nothing that was acknowledged is lost. */
export async function underLoad(
  writers: Writers,
  { callers, expectRefused }: Pick<Fault, "callers" | "expectRefused">,
  run: (loads: ReturnType<typeof startLoads>) => Promise<void>,
): Promise<void> {
  const loads = startLoads(writers, callers, expectRefused);
  try {
    await loads.served(MANY, WITHIN_MS);
    await run(loads);
  } finally {
    await loads.stop();
  }
  for (const [feature, ids] of Object.entries(await loads.lost())) expect(ids, feature).toEqual([]);
}
