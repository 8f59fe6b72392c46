import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { type Point, slopeOf } from "./slope.ts";

const rows: [claim: string, points: Point[], slope: number][] = [
  ["of nothing is 0", [], 0],
  ["of one point is 0", [[1, 5]], 0],
  ["of two points is that of the line through them", [[1, 5], [3, 1]], -2],
  ["of a line is its slope, at whatever distances", [[0, 1], [1, 4], [5, 16], [6, 19]], 3],
  ["is not that of a point that lies far off", [[0, 0], [1, 0], [2, 1_000], [3, 0], [4, 0]], 0],
];

for (const [claim, points, slope] of rows) {
  test(`slopeOf() ${claim}`, () => assertEquals(slopeOf(points), slope));
}
