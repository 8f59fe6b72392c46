/** A measurement: where it was made, and what it found. */
export type Point = readonly [at: number, value: number];

/**
 * By how much the value grows from one place to the next: the median of the slopes between all pairs of points (Theil and Sen), so
 * that a few that lie far off change little. 0 where there are less than two.
 */
export function slopeOf(points: readonly Point[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).filter(([otherX]) => otherX !== x).map(([otherX, otherY]) => (otherY - y) / (otherX - x))
  );
  slopes.sort((one, other) => one - other);
  const middle = slopes.length / 2;
  if (slopes.length === 0) return 0;
  return (slopes[Math.ceil(middle) - 1] + slopes[Math.floor(middle)]) / 2;
}
