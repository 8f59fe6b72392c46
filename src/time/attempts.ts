import { PoolError } from "../errors.ts";
import type { Clock } from "./clock.ts";

/** A pool's work in progress: each attempt has a deadline, and all of them end with the pool. */
export class Attempts {
  readonly #clock: Clock;
  readonly #running = new Set<AbortController>();
  #settled: PromiseWithResolvers<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are under way. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Runs one; its signal aborts after `timeoutMs` with a PoolError whose message is `late`, or with the error given to `end`.
   */
  async run<Result>(timeoutMs: number, late: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const aborter = new AbortController();
    const timer = this.#clock.setTimeout(() => aborter.abort(new PoolError(late)), timeoutMs);
    this.#running.add(aborter);
    try {
      return await work(aborter.signal);
    } finally {
      this.#clock.clearTimeout(timer);
      this.#running.delete(aborter);
      if (this.#running.size === 0) this.#settled?.resolve();
    }
  }

  /** Aborts all, and resolves when the last one has ended. */
  async end(error: unknown): Promise<void> {
    for (const aborter of this.#running) aborter.abort(error);
    if (this.#running.size > 0) await (this.#settled ??= Promise.withResolvers()).promise;
  }
}
