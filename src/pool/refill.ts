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

/** Where a pool stands whose dials fail. */
type Setback =
  /** In a back-off pause, at the end of which only a probe is dialed. */
  | { readonly step: "pausing"; readonly timer: Timer; readonly endsAt: number }
  /** The pause is over, but the dials under way leave no room for the probe. */
  | { readonly step: "due" }
  /** The probe is being dialed: the one dial between two pauses. */
  | { readonly step: "probing"; readonly cycle: Cycle };

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
  /** Defined while dials fail. */
  #setback: Setback | undefined;
  #isStopped = false;

  constructor(host: RefillHost) {
    this.#host = host;
  }

  /** Whether dials are failing, so that no cycle starts any. */
  get isFailing(): boolean {
    return this.#setback !== undefined;
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
    if (this.#setback?.step !== "pausing") return;
    const leftMs = this.#setback.endsAt - this.#host.clock.now();
    if (leftMs > AWAITED_BACKOFF_MS) this.#pauseFor(AWAITED_BACKOFF_MS);
  }

  /** Counts a failure: of a dial, or of a link that was lost right after it was opened. */
  failed(error: unknown): void {
    if (this.#isStopped) return;
    const setback = this.#setback ?? this.#beginPause();
    const leftMs = setback.step === "pausing" ? setback.endsAt - this.#host.clock.now() : 0;
    this.#host.dialFailed(error, this.#attempt, Math.max(0, leftMs));
  }

  /** Starts no more dials. */
  stop(): void {
    this.#isStopped = true;
    this.#cycles = [];
    this.#endSetback();
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
      if (this.#isProbe(cycle)) this.#setback = undefined;
      this.failed(error);
    }
    cycle.running--;
    this.#endIfSettled(cycle);
    if (this.#setback?.step === "due") this.#probe();
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
    if (!this.#isProbe(cycle)) return;
    this.#setback = undefined;
    this.#host.recovered();
  }

  #isProbe(cycle: Cycle): boolean {
    return this.#setback?.step === "probing" && this.#setback.cycle === cycle;
  }

  /** Starts the next pause of a run of failures. */
  #beginPause(): Setback {
    const { clock, random, maxBackoffMs } = this.#host;
    const now = clock.now();
    this.#attempt = now - this.#failedAt > 2 * maxBackoffMs ? 1 : this.#attempt + 1;
    this.#failedAt = now;
    this.#abandonCycles();
    const pauseMs = backoffMs(this.#attempt, maxBackoffMs, random);
    return this.#pauseFor(this.#host.isAwaited() ? Math.min(pauseMs, AWAITED_BACKOFF_MS) : pauseMs);
  }

  #pauseFor(ms: number): Setback {
    this.#endSetback();
    const { clock } = this.#host;
    const timer = clock.setTimeout(() => this.#probe(), ms);
    return this.#setback = { step: "pausing", timer, endsAt: clock.now() + ms };
  }

  #endSetback(): void {
    if (this.#setback?.step === "pausing") this.#host.clock.clearTimeout(this.#setback.timer);
    this.#setback = undefined;
  }

  #probe(): void {
    if (this.#dialing >= this.#host.dialConcurrency) {
      this.#setback = { step: "due" };
      return;
    }
    this.#setback = undefined;
    if (this.#host.missing() <= 0) return;
    const cycle = { budget: 0, started: 0, running: 0, succeeded: 0 };
    this.#setback = { step: "probing", cycle };
    this.#dial(cycle);
  }
}
