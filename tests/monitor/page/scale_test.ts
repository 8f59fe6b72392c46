import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decadeTicks, linear, logarithmic, niceTicks } from "../../../examples/monitor/page/scale.js";
import { test } from "../../harness.ts";

const whole: [max: number, ticks: number[]][] = [
  [0, [0, 1, 2]],
  [1, [0, 1, 2]],
  [3, [0, 1, 2, 3]],
  [5, [0, 2, 4, 6]],
  [16, [0, 5, 10, 15, 20]],
  [100, [0, 25, 50, 75, 100]],
];

for (const [max, ticks] of whole) {
  test(`niceTicks(${max}) of what is counted are ${ticks}`, () => {
    assertEquals(niceTicks(max, { isWhole: true }), ticks);
  });
}

const fractional: [max: number, ticks: number[]][] = [
  [0, [0, 1]],
  [0.3, [0, 0.1, 0.2, 0.3]],
  [1.01, [0, 0.5, 1, 1.5]],
  [7, [0, 2, 4, 6, 8]],
];

for (const [max, ticks] of fractional) {
  test(`niceTicks(${max}) of what is measured are ${ticks}`, () => {
    assertEquals(niceTicks(max, { isWhole: false }), ticks);
  });
}

test("niceTicks() reach the highest value with at most six ticks, evenly", () => {
  fc.assert(fc.property(fc.double({ min: 1e-3, max: 1e12 }), fc.boolean(), (max, isWhole) => {
    const ticks = niceTicks(max, { isWhole });
    const step = ticks[1];
    if (ticks.length > 6 || ticks.at(-1)! < max * 0.998) throw new Error(ticks.join());
    if (isWhole && !ticks.every(Number.isInteger)) throw new Error(ticks.join());
    ticks.forEach((tick, index) => assertAlmostEquals(tick, index * step, step * 1e-6));
  }));
});

const decades: [values: number[], ticks: number[]][] = [
  [[], [1, 10]],
  [[0], [1, 10]],
  [[1], [1, 10]],
  [[0.4, 30], [0.1, 1, 10, 100]],
  [[2_000, 0, 5], [1, 10, 100, 1_000, 10_000]],
];

for (const [values, ticks] of decades) {
  test(`decadeTicks(${values}) are ${ticks}`, () => assertEquals(decadeTicks(values), ticks));
}

test("linear() maps a domain to a range, in either direction", () => {
  const toPixels = linear([0, 10], [200, 100]);
  assertEquals([toPixels(0), toPixels(5), toPixels(10)], [200, 150, 100]);
  assertEquals(linear([3, 3], [0, 100])(3), 0);
});

test("logarithmic() gives each power of ten the same room, and 0 the place of the least", () => {
  const toPixels = logarithmic([0.1, 10], [200, 100]);
  assertEquals([0, 0.1, 1, 10].map(toPixels), [200, 200, 150, 100]);
});
