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

  /** The peer has granted this many bytes in total. False if that is no more than before, which changes nothing. */
  raise(limit: number): boolean {
    if (limit <= this.#limit) return false;
    this.#limit = limit;
    return true;
  }
}

/** A window that arrived and was consumed within this many round trips is what limits the stream: it grows. */
const GROWTH_ROUND_TRIPS = 2;

/**
 * More is granted after this many bytes, or after half a window if that is less. Half of a long window would be too late for a
 * fast sender far away: it has sent the whole window before half of it is consumed here, and the time for that half adds to
 * each round trip.
 */
const MAX_STEP_BYTES = 1_048_576;

/** The receiver's side: the bytes received, consumed by the application, and granted. The counters are never reset. */
export class ReceiveWindow {
  readonly #initialBytes: number;
  readonly #maxBytes: number;
  #windowBytes: number;
  #received = 0;
  #consumed = 0;
  #granted: number;
  /** Where the current growth measurement began: the count of consumed bytes, and the time. */
  #measuredFrom = 0;
  #measuredSince = -Infinity;

  /** Begins with the window of this side's hello, and may grow to the maximum. */
  constructor(initialBytes: number, maxBytes: number) {
    this.#initialBytes = this.#windowBytes = this.#granted = initialBytes;
    this.#maxBytes = maxBytes;
  }

  /** The current window. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Whether it may still grow. */
  get canGrow(): boolean {
    return this.#windowBytes < this.#maxBytes;
  }

  /** Counts received bytes. False if they exceed what was granted. */
  receive(bytes: number): boolean {
    this.#received += bytes;
    return this.#received <= this.#granted;
  }

  /**
   * Counts bytes that were consumed or discarded. Returns the total to grant once it exceeds the last grant by half a window,
   * or by 1 MiB if that is less: because that much was consumed since, or because the window has grown.
   *
   * @param clock Read only while the window may grow: for a message of a few bytes, reading it is expensive.
   * @param roundTripMs The link's round-trip time; with Infinity the window always grows, with 0 never.
   */
  consume(bytes: number, clock: Pick<Clock, "now">, roundTripMs: number): number | undefined {
    this.#consumed += bytes;
    if (this.canGrow) this.#grow(clock, roundTripMs);
    const grant = this.#consumed + this.#windowBytes;
    if (grant - this.#granted < Math.min(this.#windowBytes / 2, MAX_STEP_BYTES)) return undefined;
    this.#granted = grant;
    return grant;
  }

  /** The link is idle again: the next stream begins with the hello's window. What was granted stays granted. */
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
