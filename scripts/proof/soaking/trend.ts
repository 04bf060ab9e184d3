/** A figure and when it was taken, in milliseconds since the load began. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/** A heap takes minutes to the size that it keeps. */
const LEAST_MS = 600_000;

/** How a figure went on under a steady load. */
export interface Trend {
  /** At 10 %, 50 % and 100 % of the time. */
  readonly at: readonly [number, number, number];
  /** Of the straight line through the second half. */
  readonly perHour: number;
  readonly verdict: "flat" | "growing" | "too short";
}

/** A rise within the second half that a heap or a table of descriptors may make and take back. */
export interface Leeway {
  /** Of the middle value. */
  readonly share: number;
  readonly plus: number;
}

/**
 * Draws the straight line through the second half of some points (least
 * squares). Growing is what rises along it by more than the leeway, and by more
 * than twice what its own scatter explains: a saw-tooth is no growth.
 */
export function trendOf(points: readonly Point[], leeway: Leeway): Trend {
  const last = points.at(-1)?.at ?? 0;
  const half = points.filter((it) => it.at >= last / 2);
  const { slope, error, mean } = lineThrough(half);
  const span = last - (half[0]?.at ?? last);
  const rise = slope * span;
  const isGrowing = rise > leeway.share * mean + leeway.plus &&
    slope > 2 * error;
  const isJudged = last >= LEAST_MS;
  const nearest = (share: number) =>
    points.find((it) => it.at >= share * last)?.value ?? NaN;
  return {
    at: [nearest(0.1), nearest(0.5), points.at(-1)?.value ?? NaN],
    perHour: slope * 3_600_000,
    verdict: isJudged ? isGrowing ? "growing" : "flat" : "too short",
  };
}

/** The slope, its standard error, and the mean of what it goes through. */
function lineThrough(points: readonly Point[]) {
  const count = points.length;
  const meanAt = points.reduce((sum, it) => sum + it.at, 0) / count;
  const mean = points.reduce((sum, it) => sum + it.value, 0) / count;
  let square = 0;
  let product = 0;
  for (const { at, value } of points) {
    square += (at - meanAt) ** 2;
    product += (at - meanAt) * (value - mean);
  }
  if (count < 3 || square === 0) return { slope: 0, error: Infinity, mean };
  const slope = product / square;
  const rest = points.reduce(
    (sum, { at, value }) => sum + (value - mean - slope * (at - meanAt)) ** 2,
    0,
  );
  return { slope, error: Math.sqrt(rest / (count - 2) / square), mean };
}
