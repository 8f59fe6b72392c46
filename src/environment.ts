import { runtime } from "./runtime/detect.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { type Clock, systemClock } from "./time/clock.ts";

/** What a pool stands on. Tests give another one to its constructor's second parameter. */
export interface Environment {
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** A number from 0 to below 1, for jitter; nothing secret depends on it. */
  readonly random: () => number;
}

/** The real one. */
export const systemEnvironment: Environment = { runtime, clock: systemClock, random: Math.random };
