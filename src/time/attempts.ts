import { Aborter } from "../aborter.ts";
import { PoolError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { Deadlines } from "./deadlines.ts";

/** A pool's work in progress: each attempt has a deadline, and all of them end with the pool. */
export class Attempts {
  readonly #running = new Set<Attempt>();
  readonly #deadlines: Deadlines<Attempt>;
  #settled: PromiseWithResolvers<void> | undefined;

  constructor(clock: Clock) {
    this.#deadlines = new Deadlines(clock, ({ aborter, late }) => aborter.abort(new PoolError(late)));
  }

  /** How many are under way. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Runs one; its signal aborts after `timeoutMs` with a PoolError whose message is `late`, or with the error given to `end`.
   */
  async run<Result>(timeoutMs: number, late: string, work: (signal: Aborter) => Promise<Result>): Promise<Result> {
    const attempt = { aborter: new Aborter(), late };
    this.#running.add(attempt);
    this.#deadlines.add(attempt, timeoutMs);
    try {
      return await work(attempt.aborter);
    } finally {
      this.#deadlines.delete(attempt, timeoutMs);
      this.#running.delete(attempt);
      if (this.#running.size === 0) this.#settled?.resolve();
    }
  }

  /** Aborts all, and resolves when the last one has ended. */
  async end(error: unknown): Promise<void> {
    this.#deadlines.end();
    for (const { aborter } of this.#running) aborter.abort(error);
    if (this.#running.size > 0) await (this.#settled ??= Promise.withResolvers()).promise;
  }
}

interface Attempt {
  readonly aborter: Aborter;
  /** What its signal aborts with at its deadline. */
  readonly late: string;
}
