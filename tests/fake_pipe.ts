import type { Clock, Timer } from "../src/time/clock.ts";

/** What one end of a cable sent, in transit. */
interface Frame {
  readonly dueAt: number;
  readonly bytes: number;
  readonly arrive: () => void;
}

/**
 * One direction of a cable: frames arrive in order, each after the delay in effect when it was sent, and frames that are due
 * together arrive in one turn. Everything in flight counts as buffered by the sender's runtime.
 */
export class FakePipe {
  /** Called after each arrival. */
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

  /** Bytes in flight. */
  get bytes(): number {
    return this.#bytes;
  }

  /** While set, the receiving end accepts nothing. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    this.#schedule();
  }

  /** While set, nothing arrives: the test has silenced this direction. */
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

  /** Drops everything in flight. */
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
