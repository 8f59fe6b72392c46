import type { Clock } from "../clock.ts";

/** Runs what was put off until the end of the present turn of the event loop: one callback of the runtime for all. */
export class TurnBatch {
  readonly #clock: Clock;
  #tasks: Deferred[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `task.turnEnded()` when the turn is over. The caller sees to it that a task is put here once. */
  add(task: Deferred): void {
    if (this.#tasks.push(task) === 1) this.#clock.endOfTurn(this.#run);
  }

  readonly #run = (): void => {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task.turnEnded();
  };
}

/** What a turn's end is told to. It must not throw: the others of the batch come after it. */
export interface Deferred {
  turnEnded(): void;
}
