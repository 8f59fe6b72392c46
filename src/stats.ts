/**
 * A frozen snapshot of a pool's gauges and counters. The gauges add up at every instant.
 *
 * @example
 * ```ts
 * import { type PoolStats, ServerPool } from "@npws/pool";
 *
 * /** The share of links that carry a stream. *\/
 * export function load({ inUse, links }: PoolStats): number {
 *   return links === 0 ? 0 : inUse / links;
 * }
 *
 * await using pool = new ServerPool();
 * console.log(load(pool.stats())); // 0
 * ```
 */
export interface PoolStats {
  /** Idle links. */
  readonly idle: number;
  /** Links that carry a stream, from the take until they are idle again or closed. */
  readonly inUse: number;
  /** Links being dialed (client), or admitted but not open yet (server). */
  readonly dialing: number;
  /** Calls that wait for a link. */
  readonly waiting: number;
  /** Client: the current target number of idle links. Server: `maxCapacity`. */
  readonly capacity: number;
  /** Client: the current creation interval in milliseconds. Server: 0. */
  readonly intervalMs: number;
  /** All open links: idle + in use + closing. */
  readonly links: number;
  /** Links that were opened since construction. */
  readonly dialed: number;
  /** Dials (server: handshakes after the upgrade) that failed. */
  readonly dialFailures: number;
  /** Connections handed to the application. */
  readonly taken: number;
  /** Links that became idle again after a stream (npws/2). */
  readonly recycled: number;
  /** Links closed because of their age or number of streams, or because more were idle than the capacity. */
  readonly retired: number;
  /** Links that were lost while idle. */
  readonly lost: number;
  /** Upgrades refused with 403. */
  readonly refusedForbidden: number;
  /** Upgrades refused with 503. */
  readonly refusedFull: number;
  /** Upgrades refused with 401. */
  readonly refusedUnauthorized: number;
  /** Calls that ended at their deadline. */
  readonly timeouts: number;
  /** Calls ended by their signal. */
  readonly aborts: number;
  /** Takes that found the link dead, silent or contended (npws/2). */
  readonly deadOnTake: number;
  /** Total time that calls waited for their connection, in milliseconds. */
  readonly waitMsTotal: number;
  /** Stream bytes received on all links. */
  readonly bytesRead: number;
  /** Stream bytes sent on all links. */
  readonly bytesWritten: number;
  /** The most recent failure that was counted. `at` is in milliseconds since the Unix epoch. */
  readonly lastError?: { readonly at: number; readonly message: string };
}

/** The gauges of a snapshot. */
export type Gauges = Pick<PoolStats, "idle" | "inUse" | "dialing" | "waiting" | "capacity" | "intervalMs" | "links">;

/** A pool's counters since construction; each is updated where the event happens. */
export class Counters {
  dialed = 0;
  dialFailures = 0;
  taken = 0;
  recycled = 0;
  retired = 0;
  lost = 0;
  refusedForbidden = 0;
  refusedFull = 0;
  refusedUnauthorized = 0;
  timeouts = 0;
  aborts = 0;
  deadOnTake = 0;
  waitMsTotal = 0;
  bytesRead = 0;
  bytesWritten = 0;
  lastError: PoolStats["lastError"];

  /** Records the most recent failure. */
  failed(message: string): void {
    this.lastError = Object.freeze({ at: Date.now(), message });
  }

  /** The frozen snapshot. */
  snapshot(gauges: Gauges): PoolStats {
    const { lastError, ...counts } = this;
    return Object.freeze({ ...gauges, ...counts, ...(lastError && { lastError }) });
  }
}
