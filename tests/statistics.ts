import type { PoolStats } from "@npws/pool";

/** All values differ, so that none can be mistaken for another. */
export const STATISTICS: PoolStats = {
  idle: 2,
  inUse: 3,
  links: 9,
  dialing: 5,
  waiting: 7,
  capacity: 11,
  intervalMs: 1_300,
  dialed: 17,
  dialFailures: 19,
  taken: 23,
  recycled: 29,
  retired: 31,
  lost: 37,
  refusedForbidden: 41,
  refusedFull: 43,
  refusedUnauthorized: 47,
  timeouts: 53,
  aborts: 59,
  deadOnTake: 61,
  waitMsTotal: 67_500,
  bytesRead: 71,
  bytesWritten: 73,
};

/** A pool that only has statistics. */
export function poolWith(stats: Partial<PoolStats> = {}): { stats(): PoolStats } {
  return { stats: () => ({ ...STATISTICS, ...stats }) };
}
