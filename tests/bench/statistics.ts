export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** The least value that so much of all values, such as 0.99, does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? Number.NaN;
}

/** A thing and what it is measured against, both in the same unit. */
export interface Pair {
  readonly subject: number;
  readonly baseline: number;
}

/** The medians of both and of their ratio, round by round. */
export function summarize(rounds: readonly Pair[]): Pair & { readonly ratio: number } {
  return {
    subject: median(rounds.map(({ subject }) => subject)),
    baseline: median(rounds.map(({ baseline }) => baseline)),
    ratio: median(rounds.map(({ subject, baseline }) => subject / baseline)),
  };
}
