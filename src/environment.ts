import { runtime } from "./runtime/detect.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { type Clock, systemClock } from "./time/clock.ts";

/** What a pool runs on. Tests pass another one as the second parameter of its constructor. */
export interface Environment {
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** Returns a number from 0 to below 1, for jitter; nothing secret depends on it. */
  readonly random: () => number;
}

/** The real environment. */
export const systemEnvironment: Environment = { runtime, clock: systemClock, random: Math.random };
