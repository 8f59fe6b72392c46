import { assertEquals } from "@std/assert";
import type { PoolSample, Sample } from "../../../examples/monitor/sample.ts";
import { failuresOf, pointsOf, quantile } from "../../../examples/monitor/page/points.js";
import { test } from "../../harness.ts";
import { STATISTICS } from "../../statistics.ts";

function sample(at: number, changes: Partial<PoolSample> = {}): Sample {
  return { at, pools: { edge: { ...STATISTICS, ...changes } } };
}

test("pointsOf() tells gauges as they stand and counters as what they gained in a second", () => {
  const [point, ...more] = pointsOf([
    sample(10_000),
    sample(12_000, {
      idle: 1,
      inUse: 4,
      capacity: 12,
      waiting: 8,
      taken: STATISTICS.taken + 10,
      waitMsTotal: STATISTICS.waitMsTotal + 25,
      dialed: STATISTICS.dialed + 2,
      dialFailures: STATISTICS.dialFailures + 4,
      timeouts: STATISTICS.timeouts + 6,
      lost: STATISTICS.lost + 8,
      refusedForbidden: STATISTICS.refusedForbidden + 2,
      refusedFull: STATISTICS.refusedFull + 4,
      refusedUnauthorized: STATISTICS.refusedUnauthorized + 8,
      bytesRead: STATISTICS.bytesRead + 2_000,
      bytesWritten: STATISTICS.bytesWritten + 3_000,
    }),
  ], "edge");
  assertEquals(more, []);
  assertEquals(point, {
    at: 12_000,
    idle: 1,
    inUse: 4,
    capacity: 12,
    waiting: 8,
    takenRate: 5,
    dialedRate: 1,
    failureRate: 16,
    dialFailureRate: 2,
    timeoutRate: 3,
    lostRate: 4,
    refusedRate: 7,
    readRate: 1_000,
    writtenRate: 1_500,
    meanMs: 2.5,
  });
});

test("pointsOf() tells no mean wait where nothing was taken", () => {
  const [point] = pointsOf([sample(0), sample(1_000)], "edge");
  assertEquals([point.at, point.meanMs], [1_000, undefined]);
});

test("pointsOf() tells the median and the 99th percentile of takes that are timed", () => {
  const timed = (counts: number[]) => ({ takes: { boundsMs: [1, 2, 4], counts, sumMs: 0 } });
  const [point] = pointsOf([sample(0, timed([5, 0, 0, 0])), sample(1_000, timed([5, 2, 2, 0]))], "edge");
  assertEquals([point.p50Ms, point.p99Ms, point.meanMs], [2, 3.96, undefined]);
});

test("pointsOf() leaves a gap where samples are missing, and where a pool was not there", () => {
  const there = sample(11_000);
  const points = pointsOf([sample(0), sample(10_000), there, { at: 12_000, pools: {} }], "edge");
  assertEquals(points.map(({ at, idle }) => [at, idle]), [[10_000, undefined], [11_000, 2], [12_000, undefined]]);
});

test("failuresOf() adds up all that went wrong", () => {
  assertEquals(failuresOf(STATISTICS), 19 + 53 + 37 + 41 + 43 + 47);
});

const quantiles: [counts: number[], share: number, value: number | undefined][] = [
  [[0, 0, 0, 0], 0.5, undefined],
  [[4, 0, 0, 0], 0.5, 5],
  [[2, 2, 0, 0], 0.5, 10],
  [[2, 2, 0, 0], 0.75, 15],
  [[0, 0, 1, 0], 0.99, 39.8],
  [[1, 0, 0, 9], 0.5, 40],
];

for (const [counts, share, value] of quantiles) {
  test(`quantile() ${share} of ${counts} in buckets up to 10, 20 and 40 is ${value}`, () => {
    assertEquals(quantile(counts, [10, 20, 40], share), value);
  });
}

test("pointsOf() draws samples that come as seldom as they are taken, and a gap where some are missing", () => {
  const samples = [0, 20_000, 40_000, 41_000, 61_000, 161_000].map((at) => sample(at));
  assertEquals(pointsOf(samples, "edge").map((point) => "idle" in point), [true, true, true, true, false]);
});
