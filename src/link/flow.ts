import type { Clock } from "../time/clock.ts";

/** Bytes of data that may still be sent on a link, counted over its whole life (docs/wire.md section 2.4). */
export class SendCredit {
  #limit: number;
  #sent = 0;

  /** Begins with the window of the peer's hello. */
  constructor(window: number) {
    this.#limit = window;
  }

  get available(): number {
    return this.#limit - this.#sent;
  }

  spend(bytes: number): void {
    this.#sent += bytes;
  }

  /** The peer granted up to this many bytes in total. False: no more than before, which changes nothing. */
  raise(limit: number): boolean {
    if (limit <= this.#limit) return false;
    this.#limit = limit;
    return true;
  }
}

/** A window arrived and was consumed in as many round trips at most: it is what limits the stream. */
const GROWTH_ROUND_TRIPS = 2;

/**
 * More is granted after so many bytes, in the place of half a window where that is more: a sender that is far away and fast has sent
 * a whole window before half of it was consumed here, and the time of that half adds to each round trip.
 */
const MAX_STEP_BYTES = 1_048_576;

/** The receiver's half: what came, what the application consumed, and what was granted. Nothing is ever set back to 0. */
export class ReceiveWindow {
  readonly #initialBytes: number;
  readonly #maxBytes: number;
  #windowBytes: number;
  #received = 0;
  #consumed = 0;
  #granted: number;
  /** When, and at what count, the window began that is looked at for growth. */
  #measuredFrom = 0;
  #measuredSince = -Infinity;

  /** Begins with the window of the own hello, and grows to the maximum. */
  constructor(initialBytes: number, maxBytes: number) {
    this.#initialBytes = this.#windowBytes = this.#granted = initialBytes;
    this.#maxBytes = maxBytes;
  }

  /** The present window. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Whether it may still grow. */
  get canGrow(): boolean {
    return this.#windowBytes < this.#maxBytes;
  }

  /** Counts bytes that came. False when they are more than was granted. */
  receive(bytes: number): boolean {
    this.#received += bytes;
    return this.#received <= this.#granted;
  }

  /**
   * Counts bytes that were consumed or discarded. Returns what to grant in total, when that is at least half a window more than
   * was granted, or 1 MiB: as much was consumed since, or the window has grown by it.
   *
   * @param clock Asked only where the window may grow: a look at it costs a message of a few bytes much.
   * @param roundTripMs The link's round trip; Infinity grows the window always, 0 never.
   */
  consume(bytes: number, clock: Pick<Clock, "now">, roundTripMs: number): number | undefined {
    this.#consumed += bytes;
    if (this.canGrow) this.#grow(clock, roundTripMs);
    const grant = this.#consumed + this.#windowBytes;
    if (grant - this.#granted < Math.min(this.#windowBytes / 2, MAX_STEP_BYTES)) return undefined;
    this.#granted = grant;
    return grant;
  }

  /** The link is idle again: the next stream begins with the window of the hello. What was granted stays granted. */
  shrink(): void {
    this.#windowBytes = this.#initialBytes;
    this.#measuredSince = -Infinity;
  }

  #grow(clock: Pick<Clock, "now">, roundTripMs: number): void {
    const isMeasuring = this.#measuredSince !== -Infinity;
    if (isMeasuring && this.#consumed - this.#measuredFrom < this.#windowBytes) return;
    const now = clock.now();
    if (isMeasuring && now - this.#measuredSince <= GROWTH_ROUND_TRIPS * roundTripMs) {
      this.#windowBytes = Math.min(2 * this.#windowBytes, this.#maxBytes);
    }
    this.#measure(now);
  }

  #measure(now: number): void {
    this.#measuredFrom = this.#consumed;
    this.#measuredSince = now;
  }
}
