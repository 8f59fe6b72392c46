import type { Clock, Timer } from "../src/time/clock.ts";

/** What one end of a cable sent, on its way. */
interface Frame {
  readonly dueAt: number;
  readonly bytes: number;
  readonly arrive: () => void;
}

/**
 * One direction of a cable: what is sent arrives in order, each frame after the delay of the moment, and those that are due
 * together in one turn. All that is under way counts as held by the sender's runtime.
 */
export class FakePipe {
  /** Told after each arrival. */
  onRoom = (): void => {};
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  #frames: Frame[] = [];
  #bytes = 0;
  #isPaused = false;
  #isSilent = false;
  #timer: Timer | undefined;

  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** Bytes under way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The receiving end takes nothing in for a while. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    this.#schedule();
  }

  /** Nothing arrives, by the test's will. */
  set isSilent(isSilent: boolean) {
    this.#isSilent = isSilent;
    this.#schedule();
  }

  carry(bytes: number, arrive: () => void): void {
    const earliest = this.#frames.at(-1)?.dueAt ?? 0;
    this.#frames.push({ dueAt: Math.max(earliest, this.#clock.now() + this.#delayMs()), bytes, arrive });
    this.#bytes += bytes;
    this.#schedule();
  }

  /** Loses what is under way. */
  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
    this.#schedule();
  }

  #schedule(): void {
    const next = this.#isPaused || this.#isSilent ? undefined : this.#frames[0];
    if (next && this.#timer) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = next && this.#clock.setTimeout(() => this.#deliver(), next.dueAt - this.#clock.now());
  }

  #deliver(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    while (!this.#isPaused && !this.#isSilent && this.#frames.length > 0 && this.#frames[0].dueAt <= now) {
      const { bytes, arrive } = this.#frames.shift()!;
      this.#bytes -= bytes;
      arrive();
      this.onRoom();
    }
    this.#schedule();
  }
}
