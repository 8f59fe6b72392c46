import { clearImmediate, setImmediate } from "node:timers";

/** A fast reader drains within a few turns of the event loop; a timer would cost it up to half of the throughput. */
const IMMEDIATE_LOOKS = 8;

/** Pauses double up to this, in milliseconds. */
const LONGEST_DOUBLED_MS = 32;

/** For a slow peer, pauses grow to this share of the time waited so far, so that thousands of them cost little. */
const SHARE_OF_WAIT = 1 / 8;

/** The longest pause, in milliseconds. */
const LONGEST_PAUSE_MS = 256;

/**
 * Polls whether a socket has drained, for sockets that do not notify: first in a few immediate turns of the event loop, then
 * after doubling pauses.
 */
export class DrainWatch {
  readonly #hasDrained: () => boolean;
  #looks = 0;
  #waitedMs = 0;
  #immediate: ReturnType<typeof setImmediate> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param hasDrained If the socket has drained, acts on it; returns whether the watch is over. */
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
