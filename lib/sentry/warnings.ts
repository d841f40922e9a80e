import type { Forecast } from "./forecast.ts";

export interface Limits {
  /** Warns from this share on; 0 for never. */
  readonly warnPercent: number;
  /** Warns when all will be in use so soon; 0 for never. */
  readonly forecastMs: number;
}

/** How much of something is in use, and when it will be all; undefined where nobody knows how much there is. */
export interface Outlook {
  readonly percent: number | undefined;
  readonly fullInMs: number | undefined;
  readonly isShort: boolean | undefined;
}

/** What has only begun to fill is no reason to worry, however fast it fills. */
const FORECAST_FROM = 0.3;

export function outlook(
  at: number,
  share: number | undefined,
  forecast: Forecast,
  { warnPercent, forecastMs }: Limits,
): Outlook {
  if (share === undefined) return { percent: undefined, fullInMs: undefined, isShort: undefined };
  const fullInMs = forecast.next(at, share);
  const percent = share * 100;
  const isNearlyFull = warnPercent > 0 && percent >= warnPercent;
  const isSoonFull = fullInMs !== undefined && fullInMs <= forecastMs && share >= FORECAST_FROM;
  return { percent, fullInMs, isShort: isNearlyFull || (forecastMs > 0 && isSoonFull) };
}
