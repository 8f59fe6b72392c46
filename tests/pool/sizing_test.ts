import { assertAlmostEquals, assertEquals } from "@std/assert";
import { backoffMs, jitteredAge, nextCapacity, nextInterval } from "../../src/pool/sizing.ts";
import { test } from "../harness.ts";

test("nextInterval() goes by 100 ms, down below 20 % idle, up above 80 %, within its bounds", () => {
  // [interval, idle, capacity, min, max] -> next
  const cases: [[number, number, number, number, number], number][] = [
    [[1_000, 0, 10, 500, 5_000], 900],
    [[1_000, 1, 10, 500, 5_000], 900],
    [[1_000, 2, 10, 500, 5_000], 1_000], // exactly 20 %
    [[1_000, 5, 10, 500, 5_000], 1_000],
    [[1_000, 8, 10, 500, 5_000], 1_000], // exactly 80 %
    [[1_000, 9, 10, 500, 5_000], 1_100],
    [[1_000, 20, 10, 500, 5_000], 1_100], // more idle than capacity
    [[1_000, 0, 1, 500, 5_000], 900],
    [[1_000, 1, 1, 500, 5_000], 1_100],
    [[1_000, 3, 15, 500, 5_000], 1_000], // exactly 20 %
    [[1_000, 12, 15, 500, 5_000], 1_000],
    [[550, 0, 10, 500, 5_000], 500],
    [[500, 0, 10, 500, 5_000], 500],
    [[4_950, 10, 10, 500, 5_000], 5_000],
    [[5_000, 10, 10, 500, 5_000], 5_000],
  ];
  for (const [args, next] of cases) assertEquals(nextInterval(...args), next, `nextInterval(${args})`);
});

test("nextCapacity() goes by 1, up above 80 % of dials succeeded, down below 20 %, within its bounds", () => {
  // [capacity, started, succeeded, min, max] -> next
  const cases: [[number, number, number, number, number], number][] = [
    [[8, 0, 0, 1, 16], 8], // dialed nothing
    [[8, 10, 10, 1, 16], 9],
    [[8, 10, 9, 1, 16], 9],
    [[8, 10, 8, 1, 16], 8], // exactly 80 %
    [[8, 10, 5, 1, 16], 8],
    [[8, 10, 2, 1, 16], 8], // exactly 20 %
    [[8, 10, 1, 1, 16], 7],
    [[8, 10, 0, 1, 16], 7],
    [[8, 1, 1, 1, 16], 9],
    [[8, 1, 0, 1, 16], 7],
    [[8, 15, 3, 1, 16], 8],
    [[8, 15, 12, 1, 16], 8],
    [[16, 10, 10, 1, 16], 16],
    [[1, 10, 0, 1, 16], 1],
    [[4, 4, 4, 4, 4], 4],
  ];
  for (const [args, next] of cases) assertEquals(nextCapacity(...args), next, `nextCapacity(${args})`);
});

test("backoffMs() is spread between 50 ms and a ceiling that doubles up to the maximum", () => {
  // [attempt, maximum] -> ceiling
  const cases: [number, number, number][] = [
    [1, 5_000, 100],
    [2, 5_000, 200],
    [6, 5_000, 3_200],
    [7, 5_000, 5_000],
    [10_000, 5_000, 5_000],
    [1, 50, 50],
    [9, 60, 60],
  ];
  for (const [attempt, max, ceiling] of cases) {
    assertEquals(backoffMs(attempt, max, () => 0), 50);
    assertEquals(backoffMs(attempt, max, () => 1), ceiling, `ceiling of attempt ${attempt}, at most ${max}`);
    assertEquals(backoffMs(attempt, max, () => 0.5), (50 + ceiling) / 2);
  }
});

test("jitteredAge() is the maximum within 10 %, and no limit when it is off", () => {
  assertAlmostEquals(jitteredAge(1_000, () => 0), 900);
  assertAlmostEquals(jitteredAge(1_000, () => 0.5), 1_000);
  assertAlmostEquals(jitteredAge(1_000, () => 1), 1_100);
  assertEquals(jitteredAge(0, () => 0.5), Infinity);
});
