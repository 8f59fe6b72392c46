import type { Clock } from "../clock.ts";

/** Runs what was put off until the end of the present turn of the event loop: one callback of the runtime for all. */
export class TurnBatch {
  readonly #clock: Clock;
  #tasks: Deferred[] = [];
  /** What runs when all tasks have run: they send, and this lets it go out. */
  #corked: Corked[] = [];
  #isDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `task.turnEnded()` when the turn is over. The caller sees to it that a task is put here once. */
  add(task: Deferred): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  /** Calls `corked.uncork()` after the tasks of the turn. The caller sees to it that it is put here once. */
  uncorkLater(corked: Corked): void {
    this.#corked.push(corked);
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
    const corked = this.#corked;
    this.#corked = [];
    for (const each of corked) each.uncork();
    this.#isDue = false;
    if (this.#tasks.length > 0 || this.#corked.length > 0) this.#schedule();
  };
}

/** What holds messages back until the turn's end. It must not throw. */
export interface Corked {
  uncork(): void;
}

/** What a turn's end is told to. It must not throw: the others of the batch come after it. */
export interface Deferred {
  turnEnded(): void;
}
