import type { Clock } from "../time/clock.ts";

/** Runs what was put off until the end of the present turn of the event loop: one callback of the runtime for all. */
export class TurnBatch {
  readonly #clock: Clock;
  #tasks: Deferred[] = [];
  /** What runs when all tasks have run: they send, and this lets it leave. */
  #full: Flushed[] = [];
  #isDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `task.turnEnded()` when the turn is over. The caller sees to it that a task is put here once. */
  add(task: Deferred): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  /** Calls `full.flush()` after the tasks of the turn. Once per turn is enough, more does no harm. */
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

/** What holds messages back until the turn's end. It must not throw. */
export interface Flushed {
  flush(): void;
}

/** What a turn's end is told to. It must not throw: the others of the batch come after it. */
export interface Deferred {
  turnEnded(): void;
}
