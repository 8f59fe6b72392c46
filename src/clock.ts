/** Time as the pools see it. Tests pass a clock that they move by hand. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; the zero point means nothing. */
  now(): number;
  /** Calls back once after `ms`, any finite length. The result goes to `clearTimeout`. */
  setTimeout(callback: () => void, ms: number): Timer;
  /** Stops a timer; one that has run, or `undefined`, is fine. */
  clearTimeout(timer: Timer | undefined): void;
  /** Calls back when the present turn of the event loop is over, before any timer of 1 ms. */
  endOfTurn(callback: () => void): void;
}

/** A running timer. */
export interface Timer {
  /** The runtime's own handle; replaced while a wait longer than the runtime's maximum goes on. */
  handle: unknown;
}

/** The longest wait that the runtimes' timers take (2^31 - 1 ms); a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

// setImmediate is a global of both runtimes, but not of the web standard's type library.
const { setImmediate } = globalThis as unknown as { setImmediate(callback: () => void): unknown };

/** The runtime's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout(callback, ms) {
    const timer: Timer = { handle: undefined };
    const wait = (left: number) => {
      timer.handle = left > LONGEST_MS
        ? setTimeout(wait, LONGEST_MS, left - LONGEST_MS)
        : setTimeout(callback, Math.max(0, left));
    };
    wait(ms);
    return timer;
  },
  clearTimeout(timer) {
    if (timer) clearTimeout(timer.handle as number);
  },
  endOfTurn: (callback) => void setImmediate(callback),
};
