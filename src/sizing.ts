/** The step by which the creation interval changes. */
const INTERVAL_STEP_MS = 100;

/** The shortest pause after a failed dial. */
export const MIN_BACKOFF_MS = 50;

/**
 * The creation interval after a cycle: shorter when less than 20 % of the capacity is idle, longer when more than 80 % is
 * (npws `adjustInterval`).
 */
export function nextInterval(intervalMs: number, idle: number, capacity: number, minMs: number, maxMs: number): number {
  if (isBelowFifth(idle, capacity)) return Math.max(minMs, intervalMs - INTERVAL_STEP_MS);
  if (isAboveFourFifths(idle, capacity)) return Math.min(maxMs, intervalMs + INTERVAL_STEP_MS);
  return intervalMs;
}

/**
 * The capacity after a cycle that started dials: one more when over 80 % of them succeeded, one less when under 20 % did
 * (npws `adjustCapacity`). A cycle that dialed nothing says nothing.
 */
export function nextCapacity(capacity: number, started: number, succeeded: number, min: number, max: number): number {
  if (started === 0) return capacity;
  if (isAboveFourFifths(succeeded, started)) return Math.min(max, capacity + 1);
  if (isBelowFifth(succeeded, started)) return Math.max(min, capacity - 1);
  return capacity;
}

/**
 * The pause before the next probe dial: full jitter between 50 ms and a ceiling that doubles with each failure, up to the
 * maximum.
 *
 * @param attempt Failures in a row, from 1.
 * @param random A number from 0 to below 1, like `Math.random`.
 */
export function backoffMs(attempt: number, maxBackoffMs: number, random: () => number): number {
  const ceilingMs = Math.min(maxBackoffMs, MIN_BACKOFF_MS * 2 ** attempt);
  return MIN_BACKOFF_MS + random() * (ceilingMs - MIN_BACKOFF_MS);
}

/**
 * The age at which one link is retired: the maximum ±10 %, so that links dialed together do not end together. Infinity when
 * the maximum is 0 (off).
 */
export function jitteredAge(maxLinkAgeMs: number, random: () => number): number {
  return maxLinkAgeMs === 0 ? Infinity : maxLinkAgeMs * (0.9 + 0.2 * random());
}

// Whole numbers only: 0.2 * capacity would put the boundary off by a rounding error.
function isBelowFifth(part: number, whole: number): boolean {
  return part * 5 < whole;
}

function isAboveFourFifths(part: number, whole: number): boolean {
  return part * 5 > whole * 4;
}
