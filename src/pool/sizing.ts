import { MIN_BACKOFF_MS } from "../options/client_options.ts";

/** The step by which the creation interval changes. */
const INTERVAL_STEP_MS = 100;

/** A share of the capacity, or of the dials, below the first or above the second leads to a change. */
const LOW = 0.2;
const HIGH = 0.8;

/**
 * The creation interval after a cycle: shorter when less than 20 % of the capacity is idle, longer when more than 80 % is.
 */
export function nextInterval(intervalMs: number, idle: number, capacity: number, minMs: number, maxMs: number): number {
  if (idle < LOW * capacity) return Math.max(minMs, intervalMs - INTERVAL_STEP_MS);
  if (idle > HIGH * capacity) return Math.min(maxMs, intervalMs + INTERVAL_STEP_MS);
  return intervalMs;
}

/**
 * The capacity after a cycle that started dials: one more when over 80 % of them succeeded, one less when under 20 % did. A
 * cycle that dialed nothing changes nothing: 0 of 0 is neither.
 */
export function nextCapacity(capacity: number, started: number, succeeded: number, min: number, max: number): number {
  if (succeeded > HIGH * started) return Math.min(max, capacity + 1);
  if (succeeded < LOW * started) return Math.max(min, capacity - 1);
  return capacity;
}

/**
 * The pause before the next probe dial: full jitter between 50 ms and a ceiling that doubles with each failure, up to the
 * maximum.
 *
 * @param attempt Consecutive failures, starting at 1.
 * @param random Returns a number from 0 to below 1, like `Math.random`.
 */
export function backoffMs(attempt: number, maxBackoffMs: number, random: () => number): number {
  const ceilingMs = Math.min(maxBackoffMs, MIN_BACKOFF_MS * 2 ** attempt);
  return MIN_BACKOFF_MS + random() * (ceilingMs - MIN_BACKOFF_MS);
}

/**
 * The age at which one link is retired: the maximum ±10 %, so that links dialed together are not retired together. Infinity
 * when the maximum is 0 (off).
 */
export function jitteredAge(maxLinkAgeMs: number, random: () => number): number {
  return maxLinkAgeMs === 0 ? Infinity : maxLinkAgeMs * (0.9 + 0.2 * random());
}
