/** What is trending can be asked by these, if they are kept. */
export const WINDOWS = ["hour", "day", "week"] as const;

export type Window = (typeof WINDOWS)[number];

/** After so long a like weighs half. */
export const HALF_LIVES_MS: Readonly<Record<Window, number>> = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};
