import type { Clock } from "../time/clock.ts";

/** Runs what was deferred to the end of the current turn of the event loop, all in one callback of the runtime. */
export class TurnBatch {
  readonly #clock: Clock;
  #tasks: Deferred[] = [];
  /** Flushed once all tasks have run: the tasks send, and this lets their messages leave. */
  #full: Flushed[] = [];
  #isDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `task.turnEnded()` at the end of the turn. The caller makes sure to add a task only once. */
  add(task: Deferred): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  /** Calls `full.flush()` after the tasks of the turn. Once per turn is enough; more does no harm. */
  flushLater(full: Flushed): void {
    this.#full.push(full);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.endOfTurn(this.#run);
  }

  readonly #run = (): void => {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task.turnEnded();
    const full = this.#full;
    this.#full = [];
    for (const each of full) each.flush();
    this.#isDue = false;
    if (this.#tasks.length > 0 || this.#full.length > 0) this.#schedule();
  };
}

/** Holds messages back until the end of the turn. It must not throw. */
export interface Flushed {
  flush(): void;
}

/** Work deferred to the end of the turn. It must not throw: the rest of the batch runs after it. */
export interface Deferred {
  turnEnded(): void;
}
