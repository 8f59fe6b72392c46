import { clearImmediate, setImmediate } from "node:timers";

/** A fast reader drains within a few turns of the event loop, and a timer would cost it up to half of the throughput. */
const IMMEDIATE_LOOKS = 8;

/** The pauses double up to this, in milliseconds. */
const LONGEST_DOUBLED_MS = 32;

/** A peer that takes its time is looked at after as much of what it has taken so far: thousands of them cost little then. */
const SHARE_OF_WAIT = 1 / 8;

/** The longest pause, in milliseconds. */
const LONGEST_PAUSE_MS = 256;

/**
 * Looks again and again whether a socket has drained, for sockets that do not tell: in a few immediate turns of the event loop
 * first, then after pauses that double.
 */
export class DrainWatch {
  readonly #hasDrained: () => boolean;
  #looks = 0;
  #waitedMs = 0;
  #immediate: ReturnType<typeof setImmediate> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param hasDrained Does what is to be done then, and returns whether the watch is over. */
  constructor(hasDrained: () => boolean) {
    this.#hasDrained = hasDrained;
    this.#lookAgain();
  }

  cancel(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
  }

  #lookAgain(): void {
    const look = () => {
      if (!this.#hasDrained()) this.#lookAgain();
    };
    const slowLooks = this.#looks++ - IMMEDIATE_LOOKS;
    if (slowLooks < 0) {
      this.#immediate = setImmediate(look);
      return;
    }
    const longestMs = Math.max(LONGEST_DOUBLED_MS, Math.min(this.#waitedMs * SHARE_OF_WAIT, LONGEST_PAUSE_MS));
    const pauseMs = Math.min(2 ** slowLooks, longestMs);
    this.#waitedMs += pauseMs;
    this.#timer = setTimeout(look, pauseMs);
  }
}
