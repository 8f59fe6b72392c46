import type { Pool, PoolStats } from "@npws/pool";
import type { TakeHistogram } from "./take_times.ts";
import { TAKE_TIMES, type Timed } from "./timed_pool.ts";

/** The part of a pool that the monitor reads. */
export type MonitoredPool = Pick<Pool, "stats"> & Partial<Timed>;

/** A pool's statistics, and how long its takes took if they are timed. */
export interface PoolSample extends PoolStats {
  readonly takes?: TakeHistogram;
}

/** The state of all pools at one moment. */
export interface Sample {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** By the pools' names. */
  readonly pools: Readonly<Record<string, PoolSample>>;
}

/** Samples all pools. */
export function takeSample(pools: Readonly<Record<string, MonitoredPool>>): Sample {
  const samples = Object.entries(pools).map(([name, pool]) => [name, samplePool(pool)]);
  return { at: Date.now(), pools: Object.fromEntries(samples) };
}

function samplePool(pool: MonitoredPool): PoolSample {
  const takes = pool[TAKE_TIMES]?.snapshot();
  return takes ? { ...pool.stats(), takes } : pool.stats();
}
