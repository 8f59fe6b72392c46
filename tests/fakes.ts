import type { Clock, Timer } from "../src/time/clock.ts";

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  #created = 0;
  readonly #timers = new Set<ManualTimer>();
  #endOfTurn: (() => void)[] = [];

  /** Timers and end-of-turn callbacks that have not run: 0 if nothing leaked. */
  get pending(): number {
    return this.#timers.size + this.#endOfTurn.length;
  }

  /** How many timers keep the process alive. */
  get holding(): number {
    return [...this.#timers].filter(({ isUnref }) => !isUnref).length;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    if (!Number.isFinite(ms)) throw new RangeError(`Cannot set timer: ms must be finite, got ${ms}`);
    const timer: ManualTimer = { handle: this.#created++, dueAt: this.#now + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer | undefined): void {
    this.#timers.delete(timer as ManualTimer);
  }

  setRef(timer: Timer, isRef: boolean): void {
    timer.isUnref = !isRef;
  }

  endOfTurn(callback: () => void): void {
    this.#endOfTurn.push(callback);
  }

  /**
   * Advances the time. Each timer that comes due runs in its own turn, ordered by time and then by creation, and all promises
   * and end-of-turn callbacks that follow from it run before the next one.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.#finishTurn();
    for (let timer = this.#nextDue(until); timer; timer = this.#nextDue(until)) {
      this.#timers.delete(timer);
      this.#now = timer.dueAt;
      timer.callback();
      await this.#finishTurn();
    }
    this.#now = until;
  }

  #nextDue(until: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    // Insertion order is creation order, so the first of several equal timers wins.
    for (const timer of this.#timers) if (timer.dueAt <= until && (!next || timer.dueAt < next.dueAt)) next = timer;
    return next;
  }

  async #finishTurn(): Promise<void> {
    await emptyMicrotasks();
    while (this.#endOfTurn.length > 0) {
      const callbacks = this.#endOfTurn;
      this.#endOfTurn = [];
      for (const callback of callbacks) callback();
      await emptyMicrotasks();
    }
  }
}

interface ManualTimer extends Timer {
  readonly dueAt: number;
  readonly callback: () => void;
}

// setImmediate is a global of both runtimes, but not of the web standard's type library.
const { setImmediate } = globalThis as unknown as { setImmediate(callback: () => void): unknown };

/** Resolves in a new turn of the event loop, by which time every microtask has run. */
function emptyMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}
