/** A share of something that can run out, at a moment. */
interface Point {
  readonly at: number;
  readonly share: number;
}

/** How far back it looks, and how many readings that is at one a minute. */
const WINDOW_MS = 30 * 60_000;
const REMEMBERED = 30;
/** In fewer a single step looks like growth. */
const NEEDED = 10;
/** What is later than that nobody knows from half an hour. */
const HORIZON_MS = 7 * 86_400_000;

/**
 * Remembers the latest shares in this sandbox, and forecasts when all of it will be in use. A new sandbox begins anew,
 * and so does one whose clock was set back.
 */
export function createForecast() {
  let points: Point[] = [];
  return {
    /**
     * Milliseconds until the share is 1 if it grows as of late, at most a week; undefined where it takes longer, does not
     * grow, or too little is known.
     */
    next(at: number, share: number): number | undefined {
      const recent = points.filter((point) => point.at > at - WINDOW_MS && point.at < at);
      points = [...recent, { at, share }].slice(-REMEMBERED);
      if (points.length < NEEDED) return undefined;
      // What has stopped growing does not grow.
      const growth = Math.min(slope(points), slope(points.slice(points.length / 2)));
      const fullInMs = Math.max(0, 1 - share) / growth;
      return growth > 0 && fullInMs <= HORIZON_MS ? fullInMs : undefined;
    },
  };
}

export type Forecast = ReturnType<typeof createForecast>;

/**
 * Growth a millisecond: the median over all pairs of points, which one step or one outlier does not move.
 * https://en.wikipedia.org/wiki/Theil%E2%80%93Sen_estimator
 */
function slope(points: readonly Point[]): number {
  const slopes = points
    .flatMap((later, index) =>
      points.slice(0, index).map((earlier) => (later.share - earlier.share) / (later.at - earlier.at)),
    )
    .sort((one, other) => one - other);
  return slopes[Math.floor(slopes.length / 2)] ?? 0;
}
