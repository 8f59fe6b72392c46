/** Time as the pools see it. Tests pass a clock that they advance by hand. */
export interface Clock {
  /** Milliseconds on a monotonic clock; the zero point is arbitrary. */
  now(): number;
  /** Calls back once after `ms`, which may be any finite duration. The result goes to `clearTimeout`. */
  setTimeout(callback: () => void, ms: number): Timer;
  /** Stops a timer; one that has fired, or `undefined`, is fine. */
  clearTimeout(timer: Timer | undefined): void;
  /** Lets a timer keep the process alive, as a new one does, or lets the process exit before it fires. */
  setRef(timer: Timer, isRef: boolean): void;
  /**
   * Calls back at the end of the current turn of the event loop: after every promise that could continue has done so, and after
   * the ticks (`process.nextTick`) that these have requested, but not what those ticks request in turn; before anything new
   * comes in.
   */
  endOfTurn(callback: () => void): void;
}

/** A running timer. */
export interface Timer {
  /** The runtime's own handle; replaced during a wait that is longer than the runtime's maximum. */
  handle: unknown;
  /** Does not keep the process alive; written by the clock alone. */
  isUnref?: boolean;
}

/** The longest delay that the runtimes' timers accept (2^31 - 1 ms); a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

// A global of both runtimes, but not part of the web-standard type library.
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
  setRef(timer, isRef) {
    timer.isUnref = !isRef;
    applyRef(timer);
  },
  // A tick requested from a microtask runs once no promise can continue, and a tick requested from that one follows those that
  // promises have requested: node:net begins to connect in one, which should not wait until something is sent. setImmediate would
  // run one round of the event loop later, which costs a tenth of a round trip on Deno.
  endOfTurn: (callback) => queueMicrotask(() => process.nextTick(() => process.nextTick(callback))),
};

/** A timer beyond the runtimes' maximum, which waits in pieces. */
function longTimer(callback: () => void, ms: number): Timer {
  const timer: Timer = { handle: undefined };
  const wait = (left: number) => {
    timer.handle = left > LONGEST_MS ? setTimeout(wait, LONGEST_MS, left - LONGEST_MS) : setTimeout(callback, left);
    if (timer.isUnref) applyRef(timer);
  };
  wait(ms);
  return timer;
}

/** Both runtimes' timers are objects; those of the web standard, and of tests that replace `setTimeout`, are numbers. */
function applyRef({ handle, isUnref }: Timer): void {
  const { ref, unref } = handle as { ref?(): void; unref?(): void };
  (isUnref ? unref : ref)?.call(handle);
}

// Bun 1.4.5 runs the first tick of a process before the promises.
process.nextTick(() => {});
