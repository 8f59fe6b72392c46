import { clearImmediate, setImmediate } from "node:timers";

/** A fast reader drains within a few turns of the event loop, and a timer would cost it up to half of the throughput. */
const IMMEDIATE_LOOKS = 8;

/** A peer that has not drained within as much time is slow, and a look now and then costs next to nothing. */
const LONGEST_PAUSE_MS = 32;

/**
 * Looks again and again whether a socket has drained, for sockets that do not tell: in a few immediate turns of the event loop
 * first, then after pauses that double.
 */
export class DrainWatch {
  readonly #hasDrained: () => boolean;
  #looks = 0;
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
    if (slowLooks < 0) this.#immediate = setImmediate(look);
    else this.#timer = setTimeout(look, Math.min(2 ** slowLooks, LONGEST_PAUSE_MS));
  }
}
