/** A measurement: the position where it was taken, and its value. */
export type Point = readonly [at: number, value: number];

/**
 * The growth of the value per unit of position: the median of the slopes between all pairs of points (Theil–Sen), so that a few
 * outliers change little. 0 if there are fewer than two points.
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
