import type { Clock, Timer } from "../time/clock.ts";
import { backoffMs } from "./sizing.ts";

/** The longest pause between probe dials while a call waits, in milliseconds. */
const AWAITED_BACKOFF_MS = 1_000;

/** A client pool, as seen by its refill. */
export interface RefillHost {
  readonly clock: Clock;
  readonly random: () => number;
  readonly dialConcurrency: number;
  readonly maxBackoffMs: number;
  /** How many more links to dial, not counting those being dialed. */
  missing(): number;
  /** Whether a call waits for a link. */
  isAwaited(): boolean;
  /** Opens one link; rejects when that fails. */
  dial(): Promise<void>;
  /** All dials of a cycle have settled. */
  cycleEnded(started: number, succeeded: number): void;
  /** A dial failed; the next one comes after the pause. */
  dialFailed(error: unknown, attempt: number, retryInMs: number): void;
  /** The first dial after failures succeeded. */
  recovered(): void;
}

/** The dials of one cycle of the sizing policy. */
interface Cycle {
  /** How many more dials may be started. */
  budget: number;
  started: number;
  running: number;
  succeeded: number;
}

/**
 * Decides when a client pool dials: in cycles, with at most `dialConcurrency` dials at a time. While dials fail there is one
 * probe at a time, after a growing pause; a successful probe ends the back-off, and the full refill follows.
 */
export class Refill {
  readonly #host: RefillHost;
  /** Cycles that may still start dials, oldest first. */
  #cycles: Cycle[] = [];
  #dialing = 0;
  /** Consecutive failures; brief successes in between do not reset the count. */
  #attempt = 0;
  #failedAt = -Infinity;
  /** Set during a back-off pause, at the end of which only a probe is dialed. */
  #pause: { timer: Timer; endsAt: number } | undefined;
  /** The pause is over, but the dials under way leave no room for the probe. */
  #isProbeDue = false;
  /** The probe: the one dial made between two pauses while dials fail. */
  #probing: Cycle | undefined;
  #isStopped = false;

  constructor(host: RefillHost) {
    this.#host = host;
  }

  /** Whether dials are failing, so that no cycle starts any. */
  get isFailing(): boolean {
    return this.#pause !== undefined || this.#isProbeDue || this.#probing !== undefined;
  }

  /** Starts a cycle that dials the links missing now. */
  startCycle(): void {
    if (this.isFailing || this.#isStopped) return;
    const queued = this.#cycles.reduce((sum, { budget }) => sum + budget, 0);
    const budget = Math.max(0, this.#host.missing() - queued);
    if (budget > 0) this.#cycles.push({ budget, started: 0, running: 0, succeeded: 0 });
    this.#startDials();
  }

  /** A call has begun to wait: cuts a long pause short. */
  hurry(): void {
    if (!this.#pause) return;
    const leftMs = this.#pause.endsAt - this.#host.clock.now();
    if (leftMs > AWAITED_BACKOFF_MS) this.#pauseFor(AWAITED_BACKOFF_MS);
  }

  /** Counts a failure: of a dial, or of a link that was lost right after it was opened. */
  failed(error: unknown): void {
    if (this.#isStopped) return;
    if (!this.isFailing) this.#beginPause();
    const now = this.#host.clock.now();
    this.#host.dialFailed(error, this.#attempt, Math.max(0, (this.#pause?.endsAt ?? now) - now));
  }

  /** Starts no more dials. */
  stop(): void {
    this.#isStopped = true;
    this.#isProbeDue = false;
    this.#cycles = [];
    this.#endPause();
  }

  #startDials(): void {
    while (!this.isFailing && this.#dialing < this.#host.dialConcurrency && this.#cycles.length > 0) {
      if (this.#host.missing() <= 0) return this.#abandonCycles();
      const cycle = this.#cycles[0];
      if (--cycle.budget === 0) this.#cycles.shift();
      this.#dial(cycle);
    }
  }

  async #dial(cycle: Cycle): Promise<void> {
    this.#dialing++;
    cycle.started++;
    cycle.running++;
    try {
      await this.#host.dial();
      this.#dialing--;
      cycle.succeeded++;
      this.#succeeded(cycle);
    } catch (error) {
      this.#dialing--;
      if (cycle === this.#probing) this.#probing = undefined;
      this.failed(error);
    }
    cycle.running--;
    this.#endIfSettled(cycle);
    if (this.#isProbeDue) this.#probe();
    else this.#startDials();
  }

  /** Drops what the cycles have yet to start: nothing is missing, or the refill after a recovery counts afresh. */
  #abandonCycles(): void {
    const abandoned = this.#cycles;
    this.#cycles = [];
    for (const cycle of abandoned) {
      cycle.budget = 0;
      this.#endIfSettled(cycle);
    }
  }

  #endIfSettled({ budget, started, running, succeeded }: Cycle): void {
    if (budget === 0 && running === 0 && started > 0 && !this.#isStopped) this.#host.cycleEnded(started, succeeded);
  }

  /** Only a dial that was started while dials were failing shows that they no longer do. */
  #succeeded(cycle: Cycle): void {
    if (cycle !== this.#probing) return;
    this.#probing = undefined;
    this.#host.recovered();
  }

  /** Starts the next pause of a run of failures. */
  #beginPause(): void {
    const { clock, random, maxBackoffMs } = this.#host;
    const now = clock.now();
    this.#attempt = now - this.#failedAt > 2 * maxBackoffMs ? 1 : this.#attempt + 1;
    this.#failedAt = now;
    this.#abandonCycles();
    const pauseMs = backoffMs(this.#attempt, maxBackoffMs, random);
    this.#pauseFor(this.#host.isAwaited() ? Math.min(pauseMs, AWAITED_BACKOFF_MS) : pauseMs);
  }

  #pauseFor(ms: number): void {
    this.#endPause();
    const { clock } = this.#host;
    this.#pause = { endsAt: clock.now() + ms, timer: clock.setTimeout(() => this.#probe(), ms) };
  }

  #endPause(): void {
    this.#host.clock.clearTimeout(this.#pause?.timer);
    this.#pause = undefined;
  }

  #probe(): void {
    this.#pause = undefined;
    this.#isProbeDue = this.#dialing >= this.#host.dialConcurrency;
    if (this.#isProbeDue || this.#host.missing() <= 0) return;
    this.#probing = { budget: 0, started: 0, running: 0, succeeded: 0 };
    this.#dial(this.#probing);
  }
}
