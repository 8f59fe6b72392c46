/** What is drawn, made of samples: gauges as they stood, and counters as what they gained in a second. */

/** A pause between samples that is longer than this, and than three of the usual ones, is a gap in the lines, in milliseconds. */
const LONGEST_PAUSE_MS = 5_000;

/**
 * @param {object[]} samples In the order of time.
 * @param {string} pool The name of the pool.
 * @returns {object[]} A point for each sample but the first; one with nothing but its time where a gap is.
 */
export function pointsOf(samples, pool) {
  const pauses = samples.slice(1).map(({ at }, index) => at - samples[index].at);
  const usual = pauses.toSorted((a, b) => a - b)[pauses.length >> 1];
  const longest = Math.max(LONGEST_PAUSE_MS, 3 * usual);
  return samples.slice(1).map((now, index) => {
    const before = samples[index];
    const [stats, statsBefore] = [now.pools[pool], before.pools[pool]];
    const isGap = pauses[index] > longest || !stats || !statsBefore;
    return { at: now.at, ...!isGap && pointOf(statsBefore, stats, pauses[index] / 1_000) };
  });
}

/** All that went wrong since the start. */
export function failuresOf(stats) {
  return stats.dialFailures + stats.timeouts + stats.lost + refusalsOf(stats);
}

function refusalsOf({ refusedForbidden, refusedFull, refusedUnauthorized }) {
  return refusedForbidden + refusedFull + refusedUnauthorized;
}

function pointOf(before, now, seconds) {
  const rate = (read) => (read(now) - read(before)) / seconds;
  return {
    idle: now.idle,
    inUse: now.inUse,
    capacity: now.capacity,
    waiting: now.waiting,
    takenRate: rate(({ taken }) => taken),
    dialedRate: rate(({ dialed }) => dialed),
    failureRate: rate(failuresOf),
    dialFailureRate: rate(({ dialFailures }) => dialFailures),
    timeoutRate: rate(({ timeouts }) => timeouts),
    lostRate: rate(({ lost }) => lost),
    refusedRate: rate(refusalsOf),
    readRate: rate(({ bytesRead }) => bytesRead),
    writtenRate: rate(({ bytesWritten }) => bytesWritten),
    ...latencies(before, now),
  };
}

/** Of timed takes the median and the 99th percentile, else the mean of all waits. */
function latencies(before, now) {
  if (now.takes && before.takes) {
    const counts = now.takes.counts.map((count, index) => count - before.takes.counts[index]);
    return { p50Ms: quantile(counts, now.takes.boundsMs, 0.5), p99Ms: quantile(counts, now.takes.boundsMs, 0.99) };
  }
  const taken = now.taken - before.taken;
  return { meanMs: taken > 0 ? (now.waitMsTotal - before.waitMsTotal) / taken : undefined };
}

/**
 * A quantile of a histogram, taken as evenly spread within each bucket.
 *
 * @param {number[]} counts Of each bucket, and of what is above all bounds.
 * @param {number[]} bounds
 * @param {number} share 0.5 is the median.
 * @returns {number | undefined} Undefined: there is nothing in it.
 */
export function quantile(counts, bounds, share) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return undefined;
  let missing = total * share;
  const index = counts.findIndex((count) => (missing -= count) <= 0);
  if (index < 0 || index >= bounds.length) return bounds.at(-1);
  const [low, high] = [bounds[index - 1] ?? 0, bounds[index]];
  return high + missing / counts[index] * (high - low);
}
