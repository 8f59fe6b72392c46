import type { Pool, PoolStats } from "@npws/pool";
import type { TakeHistogram } from "./take_times.ts";
import { TAKE_TIMES, type Timed } from "./timed_pool.ts";

/** A pool, as far as the monitor looks at it. */
export type MonitoredPool = Pick<Pool, "stats"> & Partial<Timed>;

/** A pool's statistics, and how long its takes took where they are timed. */
export interface PoolSample extends PoolStats {
  readonly takes?: TakeHistogram;
}

/** How all pools stood at one moment. */
export interface Sample {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** By the pools' names. */
  readonly pools: Readonly<Record<string, PoolSample>>;
}

/** Looks at all pools. */
export function takeSample(pools: Readonly<Record<string, MonitoredPool>>): Sample {
  const samples = Object.entries(pools).map(([name, pool]) => [name, samplePool(pool)]);
  return { at: Date.now(), pools: Object.fromEntries(samples) };
}

function samplePool(pool: MonitoredPool): PoolSample {
  const takes = pool[TAKE_TIMES]?.snapshot();
  return takes ? { ...pool.stats(), takes } : pool.stats();
}
