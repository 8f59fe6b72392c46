/** Time as the pools see it. Tests pass a clock that they move by hand. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; the zero point means nothing. */
  now(): number;
  /** Calls back once after `ms`, any finite length. The result goes to `clearTimeout`. */
  setTimeout(callback: () => void, ms: number): Timer;
  /** Stops a timer; one that has run, or `undefined`, is fine. */
  clearTimeout(timer: Timer | undefined): void;
  /** Calls back when the present turn of the event loop is over: every promise that can go on has gone on, and nothing new came in. */
  endOfTurn(callback: () => void): void;
}

/** A running timer. */
export interface Timer {
  /** The runtime's own handle; replaced while a wait longer than the runtime's maximum goes on. */
  handle: unknown;
}

/** The longest wait that the runtimes' timers take (2^31 - 1 ms); a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

// A global of both runtimes, but not of the web standard's type library.
const { process } = globalThis as unknown as { process: { nextTick(callback: () => void): void } };

/** The runtime's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout(callback, ms) {
    return ms > LONGEST_MS ? longTimer(callback, ms) : { handle: setTimeout(callback, Math.max(0, ms)) };
  },
  clearTimeout(timer) {
    if (timer) clearTimeout(timer.handle as number);
  },
  // A tick that a promise asks for runs when no promise can go on any more. setImmediate would run a round of the event loop
  // later, which is a tenth of a round trip on Deno.
  endOfTurn: (callback) => queueMicrotask(() => process.nextTick(callback)),
};

/** Waits in pieces. */
function longTimer(callback: () => void, ms: number): Timer {
  const timer: Timer = { handle: undefined };
  const wait = (left: number) => {
    timer.handle = left > LONGEST_MS ? setTimeout(wait, LONGEST_MS, left - LONGEST_MS) : setTimeout(callback, left);
  };
  wait(ms);
  return timer;
}
